use std::path::PathBuf;

use super::*;
use crate::panel::contract::Question;

#[test]
fn the_keyboard_is_the_hosts_except_after_tab_and_until_escape_or_a_click() {
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, snapshot());
    let keeps = |bench: &Bench| bench.context.egui_wants_keyboard_input();
    assert!(!keeps(&bench));
    let bypass = bench.middle_of("Bypass");
    bench.click(bypass);
    assert!(!keeps(&bench), "after a click on a control");
    bench.press_key(egui::Key::Tab);
    assert!(keeps(&bench), "after Tab");
    bench.press_key(egui::Key::Escape);
    assert!(!keeps(&bench), "after Escape");
    bench.press_key(egui::Key::Tab);
    bench.click(bypass);
    assert!(!keeps(&bench), "after a click");
}

#[test]
fn a_destination_for_osc_can_be_written() {
    let page = areas(PanelSize::DEFAULT, 0).page;
    let field = page.left_top() + vec2(180.0, 45.0);
    let key = |key, modifiers| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers,
    };
    let mut events = click(field).to_vec();
    events.push(vec![key(egui::Key::A, egui::Modifiers::COMMAND)]);
    events.push(vec![egui::Event::Text("10.0.0.7:57120".to_owned())]);
    events.push(vec![]);
    let written = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
    assert_eq!(written, [], "nothing is sent while it is written");
    events.push(vec![key(egui::Key::Enter, egui::Modifiers::NONE)]);
    events.push(vec![]);
    let wanted = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
    let destination = Edit::OscDestination {
        host: "10.0.0.7".to_owned(),
        port: 57120,
    };
    assert_eq!(wanted, [Action::Edit(destination)]);
}

/// The middle of the field for the folder of bounces.
fn folder_field() -> Pos2 {
    let page = areas(PanelSize::DEFAULT, 0).page;
    page.left_top() + vec2(400.0, 105.0)
}

#[test]
fn a_folder_can_be_written() {
    let key = |key| egui::Event::Key {
        key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: egui::Modifiers::NONE,
    };
    for (text, last, expected) in [
        ("/music/my songs", egui::Key::Enter, Some("/music/my songs")),
        ("/music", egui::Key::Escape, None),
        ("music", egui::Key::Enter, None),
    ] {
        let mut events = click(folder_field()).to_vec();
        events.push(vec![egui::Event::Text(text.to_owned())]);
        events.push(vec![]);
        let written = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
        assert_eq!(written, [], "nothing changes while it is written");
        events.push(vec![key(last)]);
        events.push(vec![]);
        let wanted = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
        let expected = expected.map(|path| Action::Edit(Edit::BounceFolder(path.into())));
        assert_eq!(wanted, Vec::from_iter(expected), "{text}");
    }
}

#[test]
fn a_folder_that_is_pasted_holds_at_once() {
    let mut events = click(folder_field()).to_vec();
    events.push(vec![egui::Event::Text("/half of a".to_owned())]);
    events.push(vec![egui::Event::Paste(
        "file:///music/my%20songs\n".to_owned(),
    )]);
    events.push(vec![]);
    let wanted = run_on("Outputs", PanelSize::DEFAULT, &snapshot(), &events);
    let path = PathBuf::from("/music/my songs");
    assert_eq!(wanted, [Action::Edit(Edit::BounceFolder(path))]);
}

#[test]
fn a_model_can_be_pasted_into_the_menu() {
    let header = areas(PanelSize::DEFAULT, 0).header;
    let menu = header.right_top() + vec2(-40.0, 15.0);
    let mut events = click(menu).to_vec();
    events.push(vec![]);
    // The field is the last of the menu: its place is looked for, as the menu's height is its own business.
    let mut found = false;
    for below in (60..400).step_by(8) {
        let field = menu + vec2(0.0, below as f32);
        let mut events = events.clone();
        events.extend(click(field));
        events.push(vec![egui::Event::Paste(
            "/models/birds.safetensors".to_owned(),
        )]);
        events.push(vec![]);
        let wanted = run(PanelSize::DEFAULT, &snapshot(), &events);
        let path = PathBuf::from("/models/birds.safetensors");
        found |= wanted.contains(&Question::Model.answered_with(path));
    }
    assert!(found);
}
