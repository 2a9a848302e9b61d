"""Data sets: where they come from, how they are split, and the batches that a network is given.

* `sources`: what a study file can name (light: it imports neither numpy nor torch)
* `loading`: `load` and `fingerprint`, whatever the source; `known`: which sets are here
* `dataset`: `DataSet`, what every source becomes
* `splits`: which training images or rows are trained on, and which are held out
* `batches`: standardised, and if asked warped, batches of a data set
"""
