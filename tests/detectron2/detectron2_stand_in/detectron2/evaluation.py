"""docs/tutorials/evaluation: what is called in which order."""

from collections import OrderedDict

from detectron2.utils import comm


class DatasetEvaluator:
    def reset(self):
        pass

    def process(self, inputs, outputs):
        pass

    def evaluate(self):
        pass


class DatasetEvaluators(DatasetEvaluator):
    def __init__(self, evaluators):
        self._evaluators = evaluators

    def reset(self):
        for one in self._evaluators:
            one.reset()

    def process(self, inputs, outputs):
        for one in self._evaluators:
            one.process(inputs, outputs)

    def evaluate(self):
        found = OrderedDict()
        for one in self._evaluators:
            answer = one.evaluate()
            if comm.is_main_process() and answer is not None:
                assert not found.keys() & answer.keys()
                found.update(answer)
        return found


def inference_on_dataset(model, data_loader, evaluator):
    evaluator.reset()
    for inputs in data_loader:
        evaluator.process(inputs, model(inputs))
    return evaluator.evaluate() or {}
