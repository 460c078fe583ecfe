//! Labels in scripts that the built-in fonts lack.

use std::time::{Duration, Instant};

use super::*;
use crate::panel::widgets::system_fonts;

/// A model whose labels are in several scripts.
fn scripts() -> Snapshot {
    let mut snapshot = snapshot();
    let mut model = (*snapshot.model.unwrap()).clone();
    model.labels = ["犬", "дождь", "犬の鳴き声"].map(str::to_owned).to_vec();
    snapshot.model = Some(Arc::new(model));
    snapshot
}

#[test]
fn without_a_font_labels_are_in_latin_letters() {
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot());
    bench.context = egui::Context::default();
    bench.context.enable_accesskit();
    prepare(&bench.context);
    system_fonts::never_use(&bench.context);
    bench.snapshot = scripts();
    bench.pictures(20);
    assert!(bench.shows("[Quan]") && bench.shows("Дождь"));
    assert!(
        !bench.shows("犬"),
        "no box is drawn in place of a character"
    );
    let names = bench.nodes();
    let is_named = |name: &str| names.iter().any(|(known, ..)| known.starts_with(name));
    assert!(
        is_named("犬 "),
        "a screen reader gets the original: {names:?}"
    );
    let at = bench.area_of("[Quan]").center();
    bench.picture(&[egui::Event::PointerMoved(at)]);
    bench.pictures(30);
    assert!(bench.shows("no font on this system"));
}

#[test]
fn labels_are_in_their_own_script_once_a_font_is_found() {
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, scripts());
    let begin = Instant::now();
    while !system_fonts::is_over() {
        assert!(begin.elapsed() < Duration::from_secs(60), "still searching");
        std::thread::sleep(Duration::from_millis(5));
        bench.pictures(1);
    }
    bench.pictures(2);
    let font = egui::FontId::default();
    if !bench
        .context
        .fonts_mut(|fonts| fonts.has_glyph(&font, '犬'))
    {
        assert!(bench.shows("[Quan]"));
        hamiltone_test_support::skip("a font with 犬 (fonts-noto-cjk, fonts-wqy-zenhei)");
        return;
    }
    assert!(bench.shows("犬") && bench.shows("犬の鳴き声"));
    assert!(!bench.shows("["), "{:?}", bench.texts());
    assert!(bench.shows("Дождь"));
    // A second window of the process uses the same fonts at once.
    let other = Bench::new("Labels", PanelSize::DEFAULT, scripts());
    assert!(other.shows("犬の鳴き声") && !other.shows("[Quan]"));
}
