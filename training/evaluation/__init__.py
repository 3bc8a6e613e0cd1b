"""Measuring an engine on annotated photos: simulated clicks, the metrics of ``semsam evaluate``, paired comparison."""

from semsam_annotate.training.evaluation.bootstrap import bootstrap_interval, paired_bootstrap
from semsam_annotate.training.evaluation.clicks import correction_click
from semsam_annotate.training.evaluation.metrics import compare, summarize
from semsam_annotate.training.evaluation.report import compare_runs, report
from semsam_annotate.training.evaluation.result import EvaluationResult, join_results, read_result, write_json
from semsam_annotate.training.evaluation.rows import ClickRow
from semsam_annotate.training.evaluation.run import Proposer, evaluate
from semsam_annotate.training.evaluation.sample import EvaluationSample, read_sample
from semsam_annotate.training.evaluation.weights_free import WeightsFreeEngine

__all__ = [
    "ClickRow",
    "EvaluationResult",
    "EvaluationSample",
    "Proposer",
    "WeightsFreeEngine",
    "bootstrap_interval",
    "compare",
    "compare_runs",
    "correction_click",
    "evaluate",
    "join_results",
    "paired_bootstrap",
    "read_result",
    "read_sample",
    "report",
    "summarize",
    "write_json",
]
