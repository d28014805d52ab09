"""Safe reading and writing of files: the claims of a file are checked before it is read.

Files come from anywhere. One that is not a regular file could keep a reader waiting for ever, and a
small one may promise more than any memory holds. Nothing here needs more than numpy.
"""
