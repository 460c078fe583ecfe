//! The teacher says what its authors' program says.

use std::path::{Path, PathBuf};

use hamiltone_research::teacher::{
    BANDS, FEWEST_SAMPLES, Mn04, YAMNET_LABELS, Yamnet, audioset_labels,
};
use rayon::prelude::*;
use safetensors::SafeTensors;

const CLIPS: usize = 3;
const TOLERANCE: f32 = 1e-3;

/// The teachers beside the repository, where there are any.
fn teachers() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/teachers");
    let there = folder.join("mn04_golden.safetensors").is_file();
    if !there {
        hamiltone_test_support::skip(folder.join("mn04_golden.safetensors").display());
    }
    there.then_some(folder)
}

fn numbers(file: &SafeTensors, name: &str) -> Vec<f32> {
    let tensor = file.tensor(name).unwrap();
    let bytes = tensor.data().chunks_exact(4);
    bytes
        .map(|four| f32::from_le_bytes(four.try_into().unwrap()))
        .collect()
}

fn farthest(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

#[test]
fn spectrogram_and_verdict_are_the_original_s_from_any_thread() {
    let Some(folder) = teachers() else { return };
    let teacher = Mn04::open(&folder.join("mn04_audioset527.onnx")).unwrap();
    let golden = std::fs::read(folder.join("mn04_golden.safetensors")).unwrap();
    let golden = SafeTensors::deserialize(&golden).unwrap();
    (0..4 * CLIPS).into_par_iter().for_each(|index| {
        let clip = index % CLIPS;
        let expected = |what: &str| numbers(&golden, &format!("clip{clip}.{what}"));
        let samples = expected("waveform");
        let (mel, frames) = teacher.mel(&samples).unwrap();
        assert_eq!(mel.len(), BANDS * frames);
        let verdict = teacher.judge(&samples).unwrap();
        let distances = [
            ("mel", farthest(&mel, &expected("mel"))),
            ("logits", farthest(&verdict.logits, &expected("logits"))),
            (
                "embedding",
                farthest(&verdict.embedding, &expected("embedding")),
            ),
        ];
        println!("clip {clip}: {distances:?}");
        for (what, distance) in distances {
            assert!(
                distance < TOLERANCE,
                "clip {clip}: {what} off by {distance}"
            );
        }
    });
}

#[test]
fn the_first_clip_is_a_dog() {
    let Some(folder) = teachers() else { return };
    let teacher = Mn04::open(&folder.join("mn04_audioset527.onnx")).unwrap();
    let golden = std::fs::read(folder.join("mn04_golden.safetensors")).unwrap();
    let golden = SafeTensors::deserialize(&golden).unwrap();
    let verdict = teacher.judge(&numbers(&golden, "clip0.waveform")).unwrap();
    let probabilities = verdict.probabilities();
    let labels = audioset_labels();
    assert_eq!(labels.len(), probabilities.len());
    let dog = labels.iter().find(|label| label.name == "Dog").unwrap();
    assert!(
        probabilities[dog.index] > 0.3,
        "{}",
        probabilities[dog.index]
    );
}

#[test]
fn too_short_and_not_the_teacher_are_said() {
    let Some(folder) = teachers() else { return };
    let teacher = Mn04::open(&folder.join("mn04_audioset527.onnx")).unwrap();
    assert!(teacher.judge(&vec![0.0; FEWEST_SAMPLES]).is_ok());
    let error = teacher.judge(&vec![0.0; FEWEST_SAMPLES - 1]).unwrap_err();
    assert!(error.to_string().contains("too few"), "{error:#}");
    let error = Mn04::open(&folder.join("yamnet_body.onnx")).err().unwrap();
    assert!(
        format!("{error:#}").contains("not the teacher"),
        "{error:#}"
    );
}

#[test]
fn yamnet_s_body_is_the_original_s_and_its_front_end_hears() {
    let Some(folder) = teachers() else { return };
    let net = Yamnet::open(&folder.join("yamnet_body.onnx")).unwrap();
    let golden = std::fs::read(folder.join("yamnet_body_golden.safetensors")).unwrap();
    let golden = SafeTensors::deserialize(&golden).unwrap();
    for clip in 0..5 {
        let expected = |what: &str| numbers(&golden, &format!("clip{clip}.{what}"));
        let off = farthest(
            &net.patch_logits(&expected("mel")).unwrap(),
            &expected("logits"),
        );
        assert!(off < TOLERANCE, "clip {clip}: {off}");
    }
    // A dog and a flute, of the other teacher's examples.
    let waves = std::fs::read(folder.join("mn04_golden.safetensors")).unwrap();
    let waves = SafeTensors::deserialize(&waves).unwrap();
    for (clip, labels) in [(0, 67..76), (2, 191..192)] {
        let heard = net.probabilities(&numbers(&waves, &format!("clip{clip}.waveform")));
        let heard = heard.unwrap();
        assert_eq!(heard.len(), YAMNET_LABELS);
        let mut order: Vec<usize> = (0..heard.len()).collect();
        order.sort_by(|a, b| heard[*b].total_cmp(&heard[*a]));
        let likely = &order[..5];
        assert!(
            likely.iter().any(|l| labels.contains(l)),
            "clip {clip}: {likely:?}"
        );
    }
    assert_eq!(net.probabilities(&[0.0; 100]).unwrap().len(), YAMNET_LABELS);
}
