//! A header's claim is not allocated. Alone in its binary, because it measures the process.

mod common;

use common::{caf_bytes, sine, wav_bytes, write_wav};
use hamiltone_decoding::{AudioFile, DecodeError, read_mono};
use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One test, so that nothing else allocates meanwhile.
#[test]
fn memory_follows_the_data_not_the_header() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("claim.wav");
    for claim in [1 << 30, 0x7FFF_FFF0, u32::MAX - 36, u32::MAX] {
        std::fs::write(&path, wav_bytes(2, 48_000, 16, claim, &[1; 8_000])).unwrap();
        MEMORY.reset_peak_usage();
        let audio = read_mono(&path).unwrap();
        assert_eq!(audio.samples.len(), 2_000);
        assert!(
            MEMORY.peak_usage_as_mb() < 4.0,
            "{} MB",
            MEMORY.peak_usage_as_mb()
        );
    }
    // A packet of two thousand million frames would be 8 GB.
    std::fs::write(&path, caf_bytes(4, i32::MAX as u32, 2)).unwrap();
    MEMORY.reset_peak_usage();
    let error = read_mono(&path).unwrap_err();
    assert!(matches!(error, DecodeError::Oversized { .. }), "{error}");
    assert!(
        MEMORY.peak_usage_as_mb() < 4.0,
        "{} MB",
        MEMORY.peak_usage_as_mb()
    );
    // Streaming four minutes takes no more than streaming one second does.
    write_wav(&path, &sine(44_100, 44_100 * 240), 44_100, 1, 16);
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage_as_mb();
    let mut file = AudioFile::open(&path).unwrap();
    while file.next_mono().unwrap().is_some() {}
    assert_eq!(file.frames_so_far(), 44_100 * 240);
    assert!(
        MEMORY.peak_usage_as_mb() - before < 2.0,
        "{} MB",
        MEMORY.peak_usage_as_mb()
    );
}
