"""PyTorch and ONNX Runtime, timed on request.

Reads a JSON object a line and answers with one. {"make": id, "engine": ..., "shape": ...} makes a
contender, {"run": id, "seconds": s} runs it for about that long and answers with the seconds of
each repeat. One thread, unless the shape says otherwise. The networks are real ones (a quaternion
network expanded to real weights costs the same), with random weights.
"""

import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_num_threads(1)


class Net(nn.Module):
    """Blocks of 3x3 convolution, batch norm and ReLU, pooled; the mean over mel."""

    def __init__(self, blocks, head):
        super().__init__()
        self.layers = nn.ModuleList()
        self.norms = nn.ModuleList()
        self.pools = []
        inputs = 4
        for block in blocks:
            for place, outputs in enumerate(block["channels"]):
                self.layers.append(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False))
                self.norms.append(nn.BatchNorm2d(outputs))
                self.pools.append(block["pools"] and place + 1 == len(block["channels"]))
                inputs = outputs
        self.head = nn.Linear(inputs, head) if head else None

    def forward(self, x):
        for layer, norm, pools in zip(self.layers, self.norms, self.pools):
            x = F.relu(norm(layer(x)))
            if pools:
                x = F.avg_pool2d(x, 2)
        x = x.mean(3)
        if self.head is None:
            return x
        return self.head(x.mean(2) + x.max(2)[0])


def inference(engine, shape):
    net = Net(shape["blocks"], 0).eval()
    x = torch.randn(1, 4, shape["frames"], shape["mels"])
    if engine == "onnxruntime":
        import onnxruntime

        path = os.path.join(shape["folder"], "net.onnx")
        torch.onnx.export(net, (x,), path, dynamo=False, input_names=["x"], output_names=["y"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        feed = {"x": x.numpy()}
        return lambda: session.run(None, feed)
    if engine == "torch-compiled":
        import torch._inductor.config as config

        config.freezing = True
        compiled = torch.compile(net)
        with torch.inference_mode():
            compiled(x)
        return lambda: compiled(x)
    x, net = x.to(memory_format=torch.channels_last), net.to(memory_format=torch.channels_last)
    return lambda: net(x)


def training(shape):
    torch.set_num_threads(shape.get("threads", 1))
    net = Net(shape["blocks"], shape["labels"]).to(memory_format=torch.channels_last)
    x = torch.randn(shape["batch"], 4, shape["frames"], shape["mels"])
    x = x.to(memory_format=torch.channels_last)
    target = torch.randint(0, shape["labels"], (shape["batch"],))
    optimiser = torch.optim.AdamW(net.parameters(), 1e-3, fused=True)

    def step():
        with torch.inference_mode(False):
            loss = F.cross_entropy(net(x), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return step


def main():
    contenders = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if "make" in request:
                engine, shape = request["engine"], request["shape"]
                make = training(shape) if engine == "training" else inference(engine, shape)
                contenders[request["make"]] = make
                answer = {}
            else:
                run, times = contenders[request["run"]], []
                with torch.inference_mode():
                    start = time.perf_counter()
                    while time.perf_counter() - start < request["seconds"] or len(times) < 2:
                        before, cpu = time.perf_counter(), time.process_time()
                        run()
                        times.append([time.perf_counter() - before, time.process_time() - cpu])
                answer = {"times": times}
        except Exception as error:  # the benchmark goes on without this contender
            answer = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(answer), flush=True)


main()
