"""Golden values of the network: a PyTorch reference that expands each Hamilton product into one
real matrix of blocks, so that it shares no code and no idea with the engine.

usage: python network.py   (writes network.safetensors)
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch.nn import functional

HERE = Path(__file__).parent
EPSILON = 1e-5


@dataclass
class Block:
    filters: list[int]  # quaternion filters of each convolution
    pool: bool  # 2x2 average pooling at the end


@dataclass
class Net:
    blocks: list[Block]
    frames: int
    mels: int
    hidden: int  # quaternion units of the hidden layer
    labels: int
    statistics: bool = False  # the head also sees mean and deviation of each block's channels


NETS = {
    "a": Net([Block([4, 4], True), Block([8, 8], True), Block([8, 8], True)], 70, 64, 8, 5),
    # What pruning leaves: uneven counts, odd sizes, a block without pooling.
    "b": Net([Block([3, 5], True), Block([7, 2], False)], 41, 30, 3, 4),
    "c": Net([Block([2, 3], True), Block([4], True), Block([3], False)], 50, 25, 2, 3, True),
}


def expand(kernel: torch.Tensor) -> torch.Tensor:
    """[4, out, in, ...] quarter kernels -> [4 out, 4 in, ...], the real matrix of w ⊗ x."""
    r, i, j, k = kernel
    rows = [(r, -i, -j, -k), (i, r, -k, j), (j, k, r, -i), (k, -j, i, r)]
    return torch.cat([torch.cat(row, dim=1) for row in rows], dim=0)


def check_expansion() -> None:
    """The matrix is the Hamilton product: ij = k, jk = i, ki = j, ii = jj = kk = -1."""
    one, i, j, k = torch.eye(4)
    table = [(i, j, k), (j, k, i), (k, i, j), (j, i, -k), (k, j, -i), (i, k, -j)]
    table += [(i, i, -one), (j, j, -one), (k, k, -one), (one, j, j), (k, one, k)]
    for w, x, y in table:
        assert torch.equal(expand(w.reshape(4, 1, 1)) @ x, y), (w, x, y)


def normal(random: torch.Generator, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=random)


def batch_norm_tensors(random: torch.Generator, name: str, channels: int) -> dict:
    return {
        f"{name}.weight": 1.0 + 0.3 * normal(random, channels),
        f"{name}.bias": 0.2 * normal(random, channels),
        f"{name}.mean": 0.3 * normal(random, channels),
        f"{name}.variance": 0.3 + torch.rand(channels, generator=random),
    }


def random_tensors(net: Net, random: torch.Generator) -> dict:
    tensors = {"x": normal(random, 1, 4, net.frames, net.mels)}
    tensors |= batch_norm_tensors(random, "input_norm", 4 * net.mels)
    inputs = 1
    for b, block in enumerate(net.blocks):
        for c, filters in enumerate(block.filters):
            scale = (2.0 / (9 * 4 * inputs)) ** 0.5
            name = f"blocks.{b}.convolutions.{c}.kernel"
            tensors[name] = scale * normal(random, 4, filters, inputs, 3, 3)
            tensors |= batch_norm_tensors(random, f"blocks.{b}.norms.{c}", 4 * filters)
            inputs = filters
    features = inputs
    if net.statistics:
        features += 2 * sum(block.filters[-1] for block in net.blocks)
    tensors["head.hidden.kernel"] = normal(random, 4, net.hidden, features) / features**0.5
    tensors["head.hidden.bias"] = 0.2 * normal(random, 4 * net.hidden)
    tensors["head.output.weight"] = normal(random, net.labels, 4 * net.hidden) / 4.0
    tensors["head.output.bias"] = 0.2 * normal(random, net.labels)
    return tensors


def batch_norm(x: torch.Tensor, tensors: dict, name: str) -> torch.Tensor:
    """x: [1, channels, ...]."""
    weight, bias, mean, variance = (
        tensors[f"{name}.{part}"] for part in ("weight", "bias", "mean", "variance")
    )
    return functional.batch_norm(x, mean, variance, weight, bias, training=False, eps=EPSILON)


def of_columns(rows: torch.Tensor, columns: int, each: int) -> torch.Tensor:
    """[rows, ...] -> [columns, ...], means of so many rows each; what is left over is left out."""
    return rows[: columns * each].unflatten(0, (columns, each)).mean(dim=1)


def forward(net: Net, tensors: dict) -> dict:
    x = tensors["x"]
    # One channel for each component and mel, so that the input norm sees [1, 4 mels, frames].
    by_mel = x.permute(0, 1, 3, 2).reshape(1, 4 * net.mels, net.frames)
    by_mel = batch_norm(by_mel, tensors, "input_norm")
    x = by_mel.reshape(1, 4, net.mels, net.frames).permute(0, 1, 3, 2)
    means = []
    for b, block in enumerate(net.blocks):
        for c in range(len(block.filters)):
            kernel = expand(tensors[f"blocks.{b}.convolutions.{c}.kernel"])
            # (mel before, mel after, time before, time after): causal in time
            x = functional.conv2d(functional.pad(x, (1, 1, 2, 0)), kernel)
            x = torch.relu(batch_norm(x, tensors, f"blocks.{b}.norms.{c}"))
        if block.pool:
            x = functional.avg_pool2d(x, 2)
        means.append(x.mean(dim=3)[0].T.reshape(x.shape[2], 4, -1))  # [rows, 4, units]
    last = means[-1]
    columns, pooled = last, last.mean(dim=0) + last.amax(dim=0)
    if net.statistics:
        later = [net.blocks[b + 1 :] for b in range(len(net.blocks))]
        rows_per_column = [2 ** sum(block.pool for block in blocks) for blocks in later]
        levels = [of_columns(rows, len(last), n) for rows, n in zip(means, rows_per_column)]
        columns = torch.cat(levels, dim=2)
        variance = columns.var(dim=0, correction=0)
        deviation = (variance + EPSILON).sqrt() - EPSILON**0.5
        pooled = torch.cat([pooled, columns.mean(dim=0), deviation], dim=1)
    columns, pooled = columns.flatten(1), pooled.flatten()  # all r first, then i, j, k
    hidden = expand(tensors["head.hidden.kernel"]) @ pooled + tensors["head.hidden.bias"]
    hidden = torch.relu(hidden)
    logits = tensors["head.output.weight"] @ hidden + tensors["head.output.bias"]
    return {"columns": columns, "hidden": hidden, "logits": logits}


def main() -> None:
    check_expansion()
    saved, metadata = {}, {"torch": torch.__version__}
    for seed, (name, net) in enumerate(NETS.items()):
        tensors = random_tensors(net, torch.Generator().manual_seed(seed))
        # Weights are 32-bit, the reference is computed in 64.
        outputs = forward(net, {key: value.double() for key, value in tensors.items()})
        single = forward(net, tensors)
        for key, value in outputs.items():
            difference = (value - single[key].double()).abs().max().item()
            print(f"{name}.{key}: {list(value.shape)}, up to {value.abs().max():.2f}, "
                  f"32-bit differs by {difference:.1e}")
            assert difference < 1e-5
            assert value.abs().max() < 100
        for key, value in (tensors | outputs).items():
            saved[f"{name}.{key}"] = value.float().contiguous()
        metadata[name] = json.dumps(asdict(net))
    path = HERE / "network.safetensors"
    save_file(saved, path, metadata)
    path.chmod(0o644)


if __name__ == "__main__":
    main()
