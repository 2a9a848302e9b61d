"""The field's updates once more, slowly: one small module a method, from its authors' description.

Each has `update(layers, moment, stream)`, which returns what every layer is afterwards. A layer is
a dict from (row, column) to weight, with dense matrices of what else a rule reads; nothing here
knows flat positions, blocks or partial sorts. Random streams are shared with the suite, so that a
whole update can be compared.
"""
