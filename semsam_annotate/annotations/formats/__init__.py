"""The formats that cannot carry everything a record knows: a module each, what is lost is counted."""
