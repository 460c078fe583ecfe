use hamiltone_tests::host::{Layout, set_parameter};

use super::open;

/// Sound, and everything that is not sound: each value must come out with the bits it went in.
fn poisoned_noise(channels: usize, frames: usize) -> Vec<Vec<f32>> {
    const POISON: [u32; 12] = [
        0x7fc0_0000, // NaN
        0xffc0_1234, // negative NaN with a payload
        0x7f80_0000, // infinity
        0xff80_0000, // negative infinity
        0x0000_0001, // the smallest denormal
        0x807f_ffff, // the largest negative denormal
        0x8000_0000, // negative zero
        0x0000_0000,
        0x7f7f_ffff, // the largest number
        0x3f80_0000, // full scale
        0xbf80_0001, // just below it
        0x447a_0000, // a thousand
    ];
    let mut state = 7u64;
    let mut sample = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let random = (state >> 33) as u32;
        if random.is_multiple_of(5) {
            f32::from_bits(POISON[random as usize / 5 % POISON.len()])
        } else {
            random as f32 / (1u32 << 30) as f32 - 1.0
        }
    };
    (0..channels)
        .map(|_| (0..frames).map(|_| sample()).collect())
        .collect()
}

fn assert_same_bits(sound: &[Vec<f32>], rendered: &[Vec<f32>], what: &str) {
    for (channel, (input, output)) in sound.iter().zip(rendered).enumerate() {
        assert_eq!(input.len(), output.len(), "{what}");
        let different = input
            .iter()
            .zip(output)
            .position(|(a, b)| a.to_bits() != b.to_bits());
        if let Some(at) = different {
            let (input, output) = (input[at].to_bits(), output[at].to_bits());
            panic!("{what}, channel {channel}, frame {at}: {input:#x} came out as {output:#x}");
        }
    }
}

#[test]
fn every_layout_rate_and_block_size_passes_bit_exactly() {
    for layout in Layout::ALL {
        let mut plugin = open();
        for rate in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000] {
            for block in [1, 16, 64, 333, 512, 8192] {
                let frames = (block * 20).clamp(1_000, 20_000);
                let sound = poisoned_noise(layout.channels(), frames);
                let mut stream = plugin.start(layout, rate, block).unwrap();
                let rendered = stream.render(&sound, block).unwrap();
                plugin.stop(stream);
                assert_same_bits(
                    &sound,
                    &rendered,
                    &format!("{layout:?} {rate} Hz by {block}"),
                );
            }
        }
    }
}

#[test]
fn an_offline_render_passes_bit_exactly() {
    let mut plugin = open();
    plugin.set_offline(true).unwrap();
    let sound = poisoned_noise(2, 200_000);
    let mut stream = plugin.start(Layout::Stereo, 44_100, 1024).unwrap();
    let rendered = stream.render(&sound, 1024).unwrap();
    plugin.stop(stream);
    assert_same_bits(&sound, &rendered, "offline");
}

#[test]
fn a_rate_that_cannot_be_analysed_still_passes() {
    for rate in [4_000, 384_000] {
        let mut plugin = open();
        let sound = poisoned_noise(2, 20_000);
        let mut stream = plugin.start(Layout::Stereo, rate, 512).unwrap();
        let rendered = stream.render(&sound, 512).unwrap();
        plugin.stop(stream);
        assert_same_bits(&sound, &rendered, &format!("{rate} Hz"));
    }
}

#[test]
fn every_parameter_at_every_end_passes_bit_exactly() {
    let mut plugin = open();
    let parameters = plugin.parameters().unwrap();
    assert!(parameters.len() >= 2, "bypass and window: {parameters:?}");
    let sound = poisoned_noise(2, 10_000);
    for parameter in parameters {
        for value in [1.0, 0.0, 0.5] {
            let mut stream = plugin.start(Layout::Stereo, 48_000, 512).unwrap();
            let events = set_parameter(parameter.id, value);
            stream.process_with(1, &events.as_input()).unwrap();
            let rendered = stream.render(&sound, 512).unwrap();
            plugin.stop(stream);
            assert_same_bits(&sound, &rendered, &format!("{} at {value}", parameter.name));
        }
    }
}

#[test]
fn there_is_no_latency_and_one_bypass() {
    let mut plugin = open();
    for layout in Layout::ALL {
        let stream = plugin.start(layout, 48_000, 512).unwrap();
        assert_eq!(plugin.latency().unwrap(), 0, "{layout:?}");
        plugin.stop(stream);
    }
    let bypasses = plugin
        .parameters()
        .unwrap()
        .iter()
        .filter(|p| p.is_bypass)
        .count();
    assert_eq!(bypasses, 1);
}
