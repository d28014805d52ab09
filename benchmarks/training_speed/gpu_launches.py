"""Count the kernels that a training step launches, and its waits for the device.

Of a GPU its profiler counts. Without one a step of the published sizes runs on torch's `meta`
device, which computes nothing: every operation is one that a GPU would be told to do, in bfloat16,
by the same code. There a wait is an error or a copy that waits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest import mock

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmarks.training_speed.gpu_measures import WARM_UP, Kept, Row
from signlet.training import Recipe, fold
from signlet.training.fold import FoldTraining
from signlet.training.optimiser import optimise
from signlet.training.recipes import load_recipe

META = torch.device("meta")
_WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
_LAUNCHES = ("cudaLaunchKernel", "cuLaunchKernel", "cudaLaunchKernelExC", "cudaGraphLaunch")
_READS = ("_local_scalar_dense", "nonzero", "item", "is_nonzero")
_FREE = ("empty", "new_empty", "detach", "_unsafe_view", "_reshape_alias", "resize")
_SEVERAL = {
    "slice_backward": 2,
    "select_backward": 2,
    "constant_pad_nd": 2,
    "baddbmm": 2,
    "eye": 2,
    "topk": 2,
    "embedding_dense_backward": 2,
    "native_layer_norm_backward": 2,
    "_scaled_dot_product_efficient_attention_backward": 3,
    "index_put": 8,
}
"""Kernels of the operations that torch makes of more than one, as read in its source."""
_TENSORS, _BLOCKS, _CHUNK = (110, 64, 48, 36, 30), 320, 65_536
"""What one launch of an operation on lists takes at most: tensors by number of lists, and blocks
of so many numbers (torch's `MultiTensorApply.cuh`)."""
_LOW = {F.linear, F.conv1d, F.scaled_dot_product_attention, torch.einsum, torch.bmm, torch.baddbmm}
_LOW |= {torch.matmul, Tensor.matmul, Tensor.__matmul__, torch.mm, torch.addmm}
_HIGH = {F.layer_norm, F.cross_entropy, torch.softmax, Tensor.softmax, torch.sum, Tensor.sum}
_HIGH |= {torch.rsqrt, Tensor.rsqrt, torch.cumsum}
"""Operations of ours whose arguments autocast makes bfloat16, and float32."""
EARLY_EPOCHS, EPOCHS = 40, 100
"""Before the middle, so that every augmentation happens, and late enough for mixup."""


class Launches(TorchDispatchMode):
    """Counts the kernels of operations on a device: of all but views and empty memory.

    by: (stage, operation) -> kernels. waits: stage -> how often the device is waited for.
    """

    def __init__(self, device: str = "meta") -> None:
        super().__init__()
        self.device, self.stage = device, ""
        self.by: Counter[tuple[str, str]] = Counter()
        self.waits: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        out = func(*args, **(kwargs or {}))
        name = func._schema.name.removeprefix("aten::")
        given = [x for x in tree_leaves((args, kwargs, out)) if isinstance(x, Tensor)]
        if any(tensor.device.type == self.device for tensor in given):
            self.waits[self.stage] += name in _READS or self._waiting_copy(name, args, kwargs)
            if not func.is_view and not name.startswith(_FREE):
                self.by[self.stage, name] += kernels(name, args)
        return out

    def _waiting_copy(self, name: str, args: tuple[Any, ...], kwargs: Any) -> bool:
        elsewhere = name == "_to_copy" and args[0].device.type != self.device
        return elsewhere and not (kwargs or {}).get("non_blocking")

    @property
    def count(self) -> int:
        """Kernels of all stages."""
        return self.by.total()

    def during(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, in a stage of this name."""

        def staged(*args: Any, **kwargs: Any) -> Any:
            before, self.stage = self.stage, stage
            try:
                return work(*args, **kwargs)
            finally:
                self.stage = before

        return staged

    def of_stages(self) -> dict[str, int]:
        """Stage -> its kernels."""
        found: Counter[str] = Counter()
        for (stage, _), count in self.by.items():
            found[stage] += count
        return dict(found)


def kernels(name: str, args: tuple[Any, ...]) -> int:
    """Kernels of one operation."""
    if not name.startswith(("_foreach", "_fused")):
        return _SEVERAL.get(name, 1)
    lists = [part for part in args if isinstance(part, (list, tuple)) and part]
    lists = [part for part in lists if isinstance(part[0], Tensor)]
    full = -(-len(lists[0]) // _TENSORS[min(len(lists), len(_TENSORS)) - 1])
    blocks = sum(-(-tensor.numel() // _CHUNK) for tensor in lists[0])
    return max(full, -(-blocks // _BLOCKS))


class AsOnGpu(TorchFunctionMode):
    """What torch does on a GPU only: bfloat16 by autocast, fused attention, dropout and Mish."""

    def __init__(self) -> None:
        super().__init__()
        self._cast: dict[Tensor, Tensor] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if func in _LOW or func in _HIGH:
            kind = torch.bfloat16 if func in _LOW else torch.float32
            args = tuple(self._as(kind, part) for part in args)
        if func is F.scaled_dot_product_attention:
            query, key, value, bias = args
            bias = aligned(bias).expand(*query.shape[:3], key.shape[2])
            fused = torch.ops.aten._scaled_dot_product_efficient_attention
            return fused(query, key, value, bias, True, **kwargs)[0]
        if func is F.dropout and kwargs["training"] and kwargs["p"] > 0:
            return torch.native_dropout(args[0], kwargs["p"], True)[0]
        return _Mish.apply(args[0]) if func is F.mish else func(*args, **kwargs)

    def _as(self, kind: torch.dtype, part: Any) -> Any:
        if isinstance(part, (list, tuple)):
            return type(part)(self._as(kind, one) for one in part)
        mixed = isinstance(part, Tensor) and part.dtype in (torch.float32, torch.bfloat16)
        if not mixed or part.dtype == kind:
            return part
        if not (part.is_leaf and part.requires_grad):
            return part.to(kind)
        return (
            self._cast.setdefault(part, part.to(kind))
            if part not in self._cast
            else self._cast[part]
        )


def aligned(bias: Tensor) -> Tensor:
    """A bias of fused attention as torch makes it where its rows begin at no multiple of 8."""
    if all(stride % 8 == 0 for stride in bias.stride()[:-1]):
        return bias
    length = bias.shape[-1]
    return F.pad(bias, (0, -length % 16))[..., :length]


class _Mish(torch.autograd.Function):
    """Two kernels, as on a GPU; on `meta` torch takes its gradient apart."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.sigmoid(x)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        return grad * ctx.saved_tensors[0]


def launches(kept: Kept, batch: int) -> list[Row]:
    """Kernels that a step launches and how often it waits: of a GPU by its profiler, and of the
    published sizes by stage, as emulated."""
    check = f"{kept.name} launches"
    counted = emulated(kept, load_recipe(kept.name))
    rows = [Row(check, stage, n, "emulated") for stage, n in counted.of_stages().items()]
    rows.append(Row(check, "launches", counted.count, "emulated, a step"))
    rows.append(Row(check, "waits", counted.waits.total(), "emulated, a step"))
    if kept.device.type != "cuda":
        return rows
    training = kept.training(kept.with_batch(batch), kept.device)
    stream = training.batches.stream(0)
    for _ in range(WARM_UP):
        training.run_step(next(stream))
    count, waits = on_gpu(training, stream)
    check += f" {batch}"
    return [*rows, Row(check, "launches", count, "a step"), Row(check, "waits", waits, "a step")]


def on_gpu(training: FoldTraining, stream: Any, steps: int = 3) -> tuple[float, float]:
    """Launches and synchronisations a step, as the profiler counts them."""
    kinds = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    torch.cuda.synchronize()
    with torch.profiler.profile(activities=kinds) as profiled:
        for _ in range(steps):
            training.run_step(next(stream))
    counts = {event.key: event.count for event in profiled.key_averages()}
    launched = sum(counts.get(name, 0) for name in _LAUNCHES)
    waited = sum(counts.get(name, 0) for name in _WAITS)
    return launched / steps, waited / steps


def emulated(kept: Kept, recipe: Recipe) -> Launches:
    """Launches and waits of one step, with all augmentations and mixup before every layer."""
    size = recipe.optimiser.batch_size
    recipe = replace(
        recipe,
        mixup=replace(recipe.mixup, probability=0.99, end=0.01),
        optimiser=replace(recipe.optimiser, epochs=EPOCHS),
    )
    clips = replace(kept, clips=size + 8, tiny=True, device=torch.device("cpu"))
    with fused_on_meta():
        training = clips.training(recipe, META)
        training._autocast = lambda _: AsOnGpu()  # type: ignore[assignment,return-value]
        stream = training.batches.stream(EARLY_EPOCHS)
        training.run_step(next(stream))  # some buffers and optimiser states are made in the first
        stream = training.batches.stream(EARLY_EPOCHS)
        with Launches() as counted, staged(counted, training):
            batch = counted.during("augmented views", next)(stream)
            training.run_step(batch)
    return counted


@contextmanager
def staged(counted: Launches, training: FoldTraining) -> Iterator[None]:
    """Tell the stages of a step apart; what is in none is the models' backward."""
    counted.stage = "backward"
    task = training.task
    during, patch = counted.during, mock.patch.object
    with (
        patch(task, "teacher_logits", during("teacher, forward", task.teacher_logits)),
        patch(task, "losses", during("forward and losses", task.losses)),
        patch(fold, "optimise", during("optimisers", optimise)),
        patch(task, "update_teacher", during("teacher's move", task.update_teacher)),
    ):
        yield


@contextmanager
def fused_on_meta() -> Iterator[None]:
    """Let torch's optimisers and clipping treat `meta` as they treat a GPU."""
    name = "_get_{}_kernels_supported_devices".format
    with (
        mock.patch(f"torch.optim.optimizer.{name('fused')}", return_value=["meta"]),
        mock.patch(f"torch.utils._foreach_utils.{name('foreach')}", return_value=["meta"]),
    ):
        yield
