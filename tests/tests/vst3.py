"""The bundled VST3 in pedalboard (a JUCE host). Run by tests/vst3.rs: python vst3.py BUNDLE"""

import json
import pathlib
import re
import sys
import tempfile

import numpy as np
import pedalboard

BUNDLE = sys.argv[1]
RATES = [8_000, 22_050, 44_100, 48_000, 96_000, 192_000]
BLOCKS = [1, 16, 333, 512, 8192]
ALPHABET = ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"
SPECIAL = np.array(
    [np.nan, np.inf, -np.inf, 1e-45, -1e-40, -0.0, 0.0, 3.4e38, 1.0, -1.0], dtype=np.float32
)


def load():
    return pedalboard.load_plugin(BUNDLE)


def noise(channels, frames, special=False):
    random = np.random.default_rng(channels * frames)
    sound = random.uniform(-1, 1, (channels, frames)).astype(np.float32)
    if special:
        sound[:, :: 7] = random.choice(SPECIAL, sound[:, :: 7].shape)
    return sound


def assert_same_bits(sound, rendered, what):
    assert rendered.shape == sound.shape, f"{what}: {sound.shape} became {rendered.shape}"
    different = np.flatnonzero(sound.view(np.uint32).ravel() != rendered.view(np.uint32).ravel())
    assert different.size == 0, (
        f"{what}: {different.size} samples differ, the first "
        f"{sound.ravel()[different[0]]} -> {rendered.ravel()[different[0]]}"
    )


def test_every_layout_rate_and_block_size_passes_bit_exactly():
    for channels in (2, 1, 6):
        plugin = load()
        for rate in RATES:
            for block in BLOCKS:
                sound = noise(channels, 4_000, special=True)
                rendered = plugin(sound, rate, buffer_size=block)
                assert_same_bits(sound, rendered, f"{channels} channels, {rate} Hz, by {block}")


def test_a_minute_passes_bit_exactly():
    sound = noise(2, 60 * 48_000)
    assert_same_bits(sound, load()(sound, 48_000), "a minute")


def test_there_is_no_latency_and_it_is_an_effect():
    plugin = load()
    assert plugin.reported_latency_samples == 0
    assert plugin.is_effect and not plugin.is_instrument


def test_parameters_come_back_in_another_instance():
    first = load()
    assert set(first.parameters) >= {"bypass", "window_s"}, set(first.parameters)
    first.window_s = 7.5
    first.bypass = "Bypassed"
    assert_same_bits(noise(2, 1_000), first(noise(2, 1_000), 48_000), "bypassed")
    second = load()
    assert abs(second.window_s - 2.0) < 0.01
    second.raw_state = first.raw_state
    assert abs(second.window_s - 7.5) < 0.01, second.window_s
    assert str(second.bypass) == "Bypassed", second.bypass


def plugin_state(raw_state):
    """The plugin's own JSON in what JUCE saves around it: an XML with its own kind of base64."""
    text = re.search(rb"<IComponent>(\d+)\.([^<]*)</IComponent>", raw_state)
    size, letters = int(text[1]), text[2].decode()
    # Six bits a letter, the lowest first.
    number = sum(ALPHABET.index(letter) << (6 * at) for at, letter in enumerate(letters))
    component = (number & ((1 << (8 * size)) - 1)).to_bytes(size, "little")
    return json.loads(component[component.index(b"{") :])


def vst3_preset(state):
    """A .vstpreset file around the plugin's JSON: a header, the state, and a list of its parts."""
    header, text = 48, state.encode()
    int32, int64 = (lambda n: n.to_bytes(4, "little")), (lambda n: n.to_bytes(8, "little"))
    class_id = b"HamiltoneTagger1".hex().upper().encode()
    parts = b"List" + int32(1) + b"Comp" + int64(header) + int64(len(text))
    return b"VST3" + int32(1) + class_id + int64(header + len(text)) + text + parts


def test_a_state_that_version_0_1_0_saved_loads_with_the_same_values():
    golden = pathlib.Path(__file__).parent / "golden"
    state = (golden / "state-0.1.0.json").read_text()
    with tempfile.TemporaryDirectory() as folder:
        preset = pathlib.Path(folder) / "saved.vstpreset"
        preset.write_bytes(vst3_preset(state))
        plugin = load()
        plugin.load_preset(str(preset))
    golden_state, saved = json.loads(state), plugin_state(plugin.raw_state)
    assert saved["params"] == golden_state["params"]
    for field, golden_text in golden_state["fields"].items():
        golden_field, field = json.loads(golden_text), json.loads(saved["fields"][field])
        assert {key: field[key] for key in golden_field} == golden_field, field
    host_values = json.loads((golden / "host-values-0.1.0.json").read_text())
    # pedalboard refreshes its copy of the values with a raw state only.
    plugin.raw_state = plugin.raw_state
    seen = {parameter.name: parameter.raw_value for parameter in plugin.parameters.values()}
    host_values["Listen to"] /= 9  # CLAP counts the entries of a list from 0, VST3 has 0 to 1
    for name, value in host_values.items():
        assert abs(seen[name] - value) < 1e-6, f"{name}: {seen[name]}, not {value}"


def test_the_state_holds_the_settings():
    state = plugin_state(load().raw_state)
    settings = json.loads(state["fields"]["settings"])
    assert settings["version"] == 1
    assert json.loads(state["fields"]["panel"])["width"] > 0


def test_noise_as_a_state_is_survived():
    plugin = load()
    plugin.window_s = 7.5
    before = plugin_state(plugin.raw_state)
    random = np.random.default_rng(1)
    for size in (0, 1, 100, 10_000):
        try:
            plugin.raw_state = random.bytes(size)
        except Exception as error:  # a refusal is fine, a crash or a change is not
            print(f"    refused {size} bytes: {error}")
        assert plugin_state(plugin.raw_state) == before, f"{size} bytes changed the state"
    assert_same_bits(noise(2, 1_000), plugin(noise(2, 1_000), 48_000), "after noise")


def main():
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    for name, test in tests.items():
        test()
        print(f"ok {name}", flush=True)
    print(f"all {len(tests)} passed")


if __name__ == "__main__":
    main()
