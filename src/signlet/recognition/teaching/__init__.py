"""Few-shot teaching: new signs out of a few examples each, on top of a trained model.

Nothing here needs torch. The package is not called `teach`, which is the function
`signlet.teach`. Modules, from the numbers to the files: `head`, `fit`, `estimate`, `taught`,
`names`, `examples`, `card_file`, `make`.
"""
