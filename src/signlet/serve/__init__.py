"""A small HTTP service around one recogniser: `signlet serve`, or `signlet.serve.app.make_app`.

This file stays empty of imports: the processes that decode bodies start from here and need
neither FastAPI nor a model.
"""
