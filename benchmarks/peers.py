"""PyTorch, ONNX Runtime and OpenVINO, timed on request.

Reads a JSON object a line and answers with one. {"make": id, "engine": ..., "shape": ...} makes a
contender, {"run": id, "seconds": s} runs it for about that long and answers with the seconds of
each repeat. One thread, unless the shape says otherwise. The networks are real ones (a quaternion
network expanded to real weights costs the same), with random weights. An engine "file-ENGINE" runs the ONNX
file of the shape's "path" on an input of the dimensions "input".
"""

import json
import os
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import numpy as np
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


def exported(net, x, folder):
    """The path of the network as an ONNX file."""
    path = os.path.join(folder, "net.onnx")
    torch.onnx.export(net, (x,), path, dynamo=False, input_names=["x"], output_names=["y"])
    return path


def quantized(path, name, x):
    """The path of the same network in static int8: activations of one scale a tensor, weights of one a channel (QDQ)."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Samples(CalibrationDataReader):
        def __init__(self):
            noise = np.random.default_rng(1)
            self.rest = [{name: noise.standard_normal(x.shape, dtype=np.float32)} for _ in range(8)]

        def get_next(self):
            return self.rest.pop() if self.rest else None

    smaller = path.replace(".onnx", "-int8.onnx")
    quantize_static(
        path,
        smaller,
        Samples(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    return smaller


def onnxruntime_of(path, name, x):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {name: x})


def openvino_of(path, x, precision):
    import openvino

    core = openvino.Core()
    model = core.read_model(path)
    model.reshape(list(x.shape))
    hints = {
        "INFERENCE_NUM_THREADS": 1,
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": precision,
    }
    request = core.compile_model(model, "CPU", hints).create_infer_request()
    return lambda: request.infer([x])


def of_file(engine, path, x):
    """A runner of an ONNX file with one input, in "onnxruntime" or "openvino", followed by "", "-bf16" or "-int8"."""
    import onnx

    name = onnx.load(path).graph.input[0].name
    if engine.endswith("-int8"):
        path = quantized(path, name, x)
    if engine.startswith("openvino"):
        return openvino_of(path, x, "bf16" if engine.endswith("-bf16") else "f32")
    return onnxruntime_of(path, name, x)


def inference(engine, shape):
    if engine.startswith("file-"):
        x = np.random.default_rng(2).standard_normal(shape["input"], dtype=np.float32)
        return of_file(engine.removeprefix("file-"), shape["path"], x)
    net = Net(shape["blocks"], 0).eval()
    x = torch.randn(1, 4, shape["frames"], shape["mels"])
    if engine.startswith(("onnxruntime", "openvino")):
        return of_file(engine, exported(net, x, shape["folder"]), x.numpy())
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
