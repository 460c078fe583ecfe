"""The bundled VST3 in dawdreamer, which renders graphs offline. Run by dawdreamer.rs:

python in_dawdreamer.py BUNDLE PRESET BOUNCES SOUND RATE BLOCK

PRESET makes the plugin write into BOUNCES. SOUND is one channel of 32-bit floats.
"""

import sys
import tempfile
import time
from pathlib import Path

import dawdreamer
import numpy as np

BUNDLE, PRESET, BOUNCES, SOUND = sys.argv[1:5]
RATE, BLOCK = int(sys.argv[5]), int(sys.argv[6])
BLOCKS = [1, 16, 333, 512, 2048, 8192]
SPECIAL = np.array(
    [np.nan, np.inf, -np.inf, 1e-45, -1e-40, -0.0, 0.0, 3.4e38, 1.0, -1.0], dtype=np.float32
)
# Name, default as the host shows it.
PARAMETERS = [
    ("Bypass", "Not Bypassed"),
    ("Window", "2.0"),
    ("Attack", "0.00"),
    ("Release", "0.20"),
    ("Threshold", "30"),
    ("Hold", "1.50"),
    ("Listen to", "Mix"),
    ("Capture", "Off"),
    ("Send notes", "Off"),
    ("Send OSC", "Off"),
]


def open_plugin(block=512, rate=48_000):
    engine = dawdreamer.RenderEngine(rate, block)
    return engine, engine.make_plugin_processor("hamiltone", BUNDLE)


def render(engine, plugin, sound, rate):
    source = engine.make_playback_processor("source", sound)
    engine.load_graph([(source, []), (plugin, ["source"])])
    # Half a frame more: seconds are rounded down to frames.
    engine.render((sound.shape[1] + 0.5) / rate)
    return engine.get_audio()


def noise(frames):
    random = np.random.default_rng(frames)
    sound = random.uniform(-1, 1, (2, frames)).astype(np.float32)
    sound[:, ::7] = random.choice(SPECIAL, sound[:, ::7].shape)
    return sound


def assert_same_bits(sound, rendered, what):
    assert rendered.shape == sound.shape, f"{what}: {sound.shape} became {rendered.shape}"
    different = np.flatnonzero(sound.view(np.uint32).ravel() != rendered.view(np.uint32).ravel())
    assert different.size == 0, (
        f"{what}: {different.size} samples differ, the first "
        f"{sound.ravel()[different[0]]} -> {rendered.ravel()[different[0]]}"
    )


def test_sound_passes_bit_exactly_in_any_blocks():
    for block in BLOCKS:
        engine, plugin = open_plugin(block)
        sound = noise(10_000)
        assert_same_bits(sound, render(engine, plugin, sound, 48_000), f"blocks of {block}")


def test_there_is_no_latency():
    engine, plugin = open_plugin()
    render(engine, plugin, noise(1_000), 48_000)
    assert plugin.get_latency_samples() == 0


def test_parameters_have_their_names_and_defaults():
    _, plugin = open_plugin()
    listed = plugin.get_parameters_description()
    shown = [(one["name"], plugin.get_parameter_text(one["index"])) for one in listed]
    assert shown[: len(PARAMETERS)] == PARAMETERS, shown
    for one in listed:
        assert plugin.get_parameter(one["index"]) == one["defaultValue"], one


def test_a_state_comes_back_in_another_instance():
    engine, first = open_plugin()
    first.set_parameter(1, 0.75)
    first.set_parameter(6, 1.0)
    render(engine, first, noise(1_000), 48_000)  # parameters reach a VST3 with the sound
    saved = [first.get_parameter_text(index) for index in range(len(PARAMETERS))]
    assert saved != [default for _, default in PARAMETERS]
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "state")
        first.save_state(path)
        _, second = open_plugin()
        second.load_state(path)
    loaded = [second.get_parameter_text(index) for index in range(len(PARAMETERS))]
    assert loaded == saved, (loaded, saved)


def test_a_render_passes_bit_exactly_and_is_reported():
    engine, plugin = open_plugin(BLOCK, RATE)
    assert plugin.load_vst3_preset(PRESET)
    sound = np.tile(np.fromfile(SOUND, dtype="<f4"), (2, 1))
    assert_same_bits(sound, render(engine, plugin, sound, RATE), "the demo")
    patience = time.monotonic() + 20
    while not list(Path(BOUNCES).glob("*.json")):
        assert time.monotonic() < patience, "no timeline was written"
        time.sleep(0.05)


def main():
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    for name, test in tests.items():
        test()
        print(f"ok {name}", flush=True)
    print(f"all {len(tests)} passed")


if __name__ == "__main__":
    main()
