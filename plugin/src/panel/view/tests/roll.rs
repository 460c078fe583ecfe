//! The page *Roll*.

use super::*;

#[test]
fn a_click_on_the_roll_reads_its_labels_and_another_one_hides_them() {
    let mut bench = Bench::new("Roll", PanelSize::DEFAULT, snapshot());
    bench.pictures(3);
    let body = bench.middle_of("Labels of a moment");
    // The history fills the last ten of thirty seconds.
    let at = body + vec2(200.0, 0.0);
    assert!(!bench.shows("80 %"));
    bench.click(at);
    bench.pictures(2);
    assert!(
        bench.shows("80 %") && bench.shows("1:0"),
        "{:?}",
        bench.texts()
    );
    bench.click(at);
    bench.pictures(2);
    assert!(!bench.shows("80 %"));
}

#[test]
fn a_picture_of_the_roll_has_the_labels_and_times_that_show() {
    let mut bench = Bench::new("Roll", PanelSize::DEFAULT, snapshot());
    let save = bench.area_of("Save").center();
    bench.click(save);
    let [Action::SavePicture(timeline)] = &bench.wanted[..] else {
        panic!("{:?}", bench.wanted);
    };
    assert_eq!(
        timeline.labels,
        bench.snapshot.model.as_ref().unwrap().labels
    );
    assert_eq!(timeline.columns.len(), 60);
    assert!(
        (timeline.start_s - 60.0).abs() < 1e-6,
        "{}",
        timeline.start_s
    );
    assert!(
        (timeline.duration_s - 9.6).abs() < 1e-6,
        "{}",
        timeline.duration_s
    );
    let folder = tempfile::tempdir().unwrap();
    let format = "png".parse().unwrap();
    let written = hamiltone_exports::write_all(timeline, &[format], folder.path(), "roll").unwrap();
    assert!(std::fs::metadata(&written[0]).unwrap().len() > 1000);
}
