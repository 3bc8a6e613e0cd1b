"""docs/tutorials/datasets: names to functions that give the same dicts at every call, and what the data sets share."""


class _DatasetCatalog(dict):
    def register(self, name, func):
        assert callable(func)
        assert name not in self, f"{name} is registered already"
        self[name] = func

    def get(self, name):
        return self[name]()

    def list(self):
        return list(self.keys())


class Metadata:
    def __init__(self, name):
        self.__dict__["name"] = name

    def __setattr__(self, key, value):
        assert self.__dict__.get(key, value) == value, f"{key} cannot be set to a different value"
        self.__dict__[key] = value

    def set(self, **values):
        for key, value in values.items():
            setattr(self, key, value)
        return self

    def get(self, key, default=None):
        return self.__dict__.get(key, default)


class _MetadataCatalog(dict):
    def get(self, name):
        return self.setdefault(name, Metadata(name))


DatasetCatalog = _DatasetCatalog()
MetadataCatalog = _MetadataCatalog()
