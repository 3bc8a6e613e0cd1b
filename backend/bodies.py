"""JSON bodies read with care: whatever is wrong with them is the caller's error, never the server's."""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from semsam_annotate.api import BadInput, Prompt, SemsamError, Vocabulary

T = TypeVar("T")
MAX_PROMPTS, MAX_POINTS, MAX_NAMES, MAX_NAME = 4096, 1024, 4096, 200
MAX_STROKE_POINTS = 65_536
_SURROGATE = re.compile(rb"\\ud[89a-f]|\xed[\xa0-\xbf]", re.IGNORECASE)


def parse_object(body: bytes) -> dict[str, Any]:
    """A body as a JSON object; BadInput for anything else.

    Half a surrogate pair, which a browser leaves that cuts a text in the middle of an emoji, becomes a question mark:
    neither a database nor an answer can hold it.
    """
    try:
        value = json.loads(body)
        if _SURROGATE.search(body):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))
    except (ValueError, RecursionError) as error:
        raise BadInput(f"the body is not JSON: {str(error)[:200]}") from error
    if not isinstance(value, dict):
        raise BadInput("the body is a JSON object")
    return value


def parsed(what: str, make: Callable[[], T]) -> T:
    """``make()``, with every error of wrongly typed JSON turned into BadInput that names ``what``."""
    try:
        return make()
    except SemsamError:
        raise
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError, IndexError, RecursionError) as error:
        raise BadInput(f"{what} is not what it should be: {str(error)[:200]}") from error


def parse_prompt(value: Any) -> Prompt:
    """A Prompt from JSON, with bounds on its points, on those of its strokes and on its text."""
    prompt = parsed("the prompt", lambda: Prompt.from_json(value))
    if len(prompt.points) > MAX_POINTS:
        raise BadInput(f"a prompt has at most {MAX_POINTS} points, not {len(prompt.points)}")
    drawn = sum(len(stroke.points) for stroke in prompt.scribble)
    if drawn > MAX_STROKE_POINTS:
        raise BadInput(f"a scribble has at most {MAX_STROKE_POINTS} points, not {drawn}")
    if prompt.text is not None and len(prompt.text) > MAX_NAME:
        raise BadInput(f"a prompt's text has at most {MAX_NAME} characters, not {len(prompt.text)}")
    return prompt


def parse_prompts(value: Any) -> list[Prompt]:
    """Prompts from a JSON list, with a bound on their number."""
    if not isinstance(value, list) or len(value) > MAX_PROMPTS:
        raise BadInput(f'"prompts" is a list of at most {MAX_PROMPTS} prompts')
    return [parse_prompt(item) for item in value]


def parse_vocabulary(value: Any) -> Vocabulary | None:
    """A Vocabulary from JSON, None from null; bounds on the number of names and their length."""
    if value is None:
        return None
    vocabulary = parsed("the vocabulary", lambda: Vocabulary.from_json(value))
    names = (*vocabulary.objects, *vocabulary.parts)
    if len(names) > MAX_NAMES or any(len(name) > MAX_NAME for name in names):
        raise BadInput(f"a vocabulary has at most {MAX_NAMES} names of at most {MAX_NAME} characters")
    return vocabulary
