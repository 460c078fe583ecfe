//! The page *Labels*.

use super::*;
use crate::settings::NoteOrder;

fn bench() -> Bench {
    Bench::new("Labels", PanelSize::DEFAULT, snapshot())
}

#[test]
fn every_label_is_listed_with_its_note_threshold_and_address() {
    let mut settings = Settings::default();
    settings.pinned.push("rain".to_owned());
    settings.thresholds.set("dog", Some(0.45));
    let bench = Bench::with("Labels", PanelSize::DEFAULT, snapshot(), settings);
    for text in [
        "Dog",
        "C1",
        "C#1",
        "D1",
        "45",
        "30",
        "/crying_baby",
        "linear",
    ] {
        assert!(bench.shows(text), "{text}: {:?}", bench.texts());
    }
    let rain = bench.area_of("Rain").top();
    assert!(rain < bench.area_of("Dog").top(), "pinned first");
}

#[test]
fn a_note_is_dragged_switched_and_reset() {
    let mut bench = bench();
    let note = bench.middle_of("Note of Dog");
    bench.picture(&[egui::Event::PointerMoved(note)]);
    bench.picture(&[press(note, true)]);
    bench.picture(&[egui::Event::PointerMoved(note + vec2(30.0, 0.0))]);
    bench.picture(&[egui::Event::PointerMoved(note + vec2(60.0, 0.0))]);
    bench.picture(&[press(note + vec2(60.0, 0.0), false)]);
    let key = bench.settings.notes.labels["dog"].note.unwrap();
    assert!(key > 36, "{key}");
    let send = bench.middle_of("Send the note of Dog");
    bench.click(send);
    assert!(!bench.settings.notes.labels["dog"].on);
    let reset = bench.middle_of("Remove the changes of Dog");
    bench.click(reset);
    assert!(bench.settings.notes.labels.is_empty());
}

#[test]
fn a_note_can_be_typed_by_its_name() {
    let mut bench = bench();
    let note = bench.middle_of("Note of Dog");
    bench.click(note);
    bench.picture(&[egui::Event::Text("c#3".to_owned())]);
    bench.press_key(egui::Key::Enter);
    assert_eq!(
        bench.settings.notes.labels["dog"].note,
        Some(61),
        "{:?}",
        bench.wanted
    );
}

#[test]
fn a_search_finds_labels_and_an_address_is_copied() {
    let mut bench = bench();
    bench.click(bench.area_of("Search labels").center());
    bench.picture(&[egui::Event::Text("BABY".to_owned())]);
    bench.pictures(2);
    assert!(
        bench.shows("Crying baby") && !bench.shows("Dog"),
        "{:?}",
        bench.texts()
    );
    let address = bench.middle_of("Copy the OSC address /hamiltone/label/crying_baby");
    let mut copied = Vec::new();
    for events in click(address) {
        bench.picture(&events);
        copied.extend(bench.output.platform_output.commands.clone());
    }
    let text = egui::OutputCommand::CopyText("/hamiltone/label/crying_baby".to_owned());
    assert!(copied.contains(&text), "{copied:?}");
}

#[test]
fn sets_are_loaded_and_saved_from_the_menus() {
    use crate::panel::contract::Question;
    for (menu, entry, wanted) in [
        ("Notes", "Load notes …", Action::Ask(Question::LoadNotes)),
        ("Notes", "Save notes …", Action::Ask(Question::SaveNotes)),
        (
            "Notes",
            "Order of the model",
            Action::Edit(Edit::NoteOrder(NoteOrder::Model)),
        ),
        (
            "Thresholds",
            "Save thresholds …",
            Action::Ask(Question::SaveThresholds),
        ),
    ] {
        let mut bench = bench();
        let menu = bench.area_of(menu).center();
        bench.click(menu);
        bench.pictures(2);
        let entry = bench.area_of(entry).center();
        bench.click(entry);
        assert_eq!(bench.wanted, [wanted]);
    }
}

#[test]
fn a_large_model_can_be_scrolled_to_its_last_label() {
    let mut snapshot = snapshot();
    let mut model = (*snapshot.model.unwrap()).clone();
    model.labels = (0..527).map(|index| format!("sound {index}")).collect();
    snapshot.model = Some(Arc::new(model));
    let mut bench = Bench::new("Labels", PanelSize::MIN, snapshot);
    assert!(bench.shows("Sound 0") && !bench.shows("Sound 526"));
    let over = pos2(200.0, 200.0);
    bench.picture(&[egui::Event::PointerMoved(over)]);
    for _ in 0..80 {
        bench.picture(&[egui::Event::MouseWheel {
            source: egui::MouseWheelSource::Wheel,
            unit: egui::MouseWheelUnit::Point,
            delta: vec2(0.0, -400.0),
            phase: egui::TouchPhase::Move,
            modifiers: egui::Modifiers::NONE,
        }]);
    }
    bench.pictures(20);
    assert!(bench.shows("Sound 526"), "{:?}", bench.texts());
}
