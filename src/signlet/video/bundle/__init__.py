"""One `.task` file for MediaPipe 1.x, made of the models that MediaPipe 0.10.21 brought along."""
