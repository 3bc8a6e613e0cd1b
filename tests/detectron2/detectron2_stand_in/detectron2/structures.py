"""docs/modules/structures: boxes as edges, a list of instances with fields of one length."""

from enum import IntEnum

import torch


class BoxMode(IntEnum):
    XYXY_ABS = 0
    XYWH_ABS = 1


class Boxes:
    def __init__(self, tensor):
        assert tensor.dtype == torch.float32
        assert tensor.dim() == 2
        assert tensor.shape[1] == 4
        self.tensor = tensor

    def to(self, device):
        return Boxes(self.tensor.to(device))

    def __getitem__(self, item):
        return Boxes(self.tensor[item].reshape(-1, 4))

    def __len__(self):
        return len(self.tensor)

    @classmethod
    def cat(cls, listed):
        return cls(torch.cat([one.tensor for one in listed]))


class Instances:
    """Fields are tensors or what has ``to``, ``cat`` and indexing; attributes with an underscore are private."""

    def __init__(self, image_size, **fields):
        height, width = image_size
        assert (type(height), type(width)) == (int, int)
        self._image_size, self._fields = (height, width), {}
        for name, value in fields.items():
            self.set(name, value)

    @property
    def image_size(self):
        return self._image_size

    def __setattr__(self, name, value):
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            self.set(name, value)

    def __getattr__(self, name):
        if name == "_fields" or name not in self._fields:
            raise AttributeError(name)
        return self._fields[name]

    def set(self, name, value):
        assert not self._fields or len(value) == len(self), f"{name} has another length"
        self._fields[name] = value

    def has(self, name):
        return name in self._fields

    def get(self, name):
        return self._fields[name]

    def get_fields(self):
        return self._fields

    def to(self, device):
        return Instances(self._image_size, **{name: value.to(device) for name, value in self._fields.items()})

    def __getitem__(self, item):
        return Instances(self._image_size, **{name: value[item] for name, value in self._fields.items()})

    def __len__(self):
        return len(next(iter(self._fields.values())))

    @staticmethod
    def cat(listed):
        assert len({one.image_size for one in listed}) == 1
        first, made = listed[0], Instances(listed[0].image_size)
        for name, value in first.get_fields().items():
            values = [one.get(name) for one in listed]
            made.set(name, torch.cat(values) if isinstance(value, torch.Tensor) else type(value).cat(values))
        return made
