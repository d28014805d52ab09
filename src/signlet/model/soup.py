"""Model soup: the plain mean of one model's weights after several epochs.

Wortsman et al. 2022, arXiv:2203.05482, over the epochs of a single run.
"""

from __future__ import annotations

from torch import nn
from torch.optim.swa_utils import AveragedModel


def empty_soup(model: nn.Module) -> AveragedModel:
    """A soup to which `model` is added by `soup.update_parameters(model)`.

    Batch statistics are averaged like weights. `soup.module` is the mean so far, and a copy
    of `model` as it is now as long as nothing was added.
    """
    return AveragedModel(model, use_buffers=True)
