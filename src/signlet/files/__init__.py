"""What every reader of files needs before it reads: what a file claims is judged first.

Files come from anywhere. One that is no regular file could keep a reader waiting for ever, and a
small one may promise more than any memory holds. Nothing here needs more than numpy.
"""
