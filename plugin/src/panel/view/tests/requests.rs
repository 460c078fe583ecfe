use super::*;
use crate::agreements::Item;
use crate::panel::pages::requests::{ROW, buttons};
use crate::settings::Purpose;
use crate::snapshot::Request;

fn request(purpose: Purpose, item: Item) -> Request {
    let hash = None;
    Request {
        purpose,
        item,
        hash,
    }
}

/// The buttons of line `index` on the page.
fn at(size: PanelSize, index: usize) -> [Pos2; 2] {
    let page = areas(size, 0).page;
    let top = page.top() + index as f32 * ROW;
    let row = Rect::from_min_size(pos2(page.left(), top), vec2(page.width(), ROW - 6.0));
    buttons(row).map(|button| button.center())
}

fn asking() -> Snapshot {
    Snapshot {
        requests: vec![
            request(Purpose::Timelines, Item::Folder("/from/somebody".into())),
            request(Purpose::Osc, Item::Osc([10, 0, 0, 7].into())),
        ],
        ..snapshot()
    }
}

#[test]
fn each_request_can_be_allowed_or_taken_out() {
    for size in [PanelSize::DEFAULT, PanelSize::MIN] {
        let [remove, allow] = at(size, 0);
        let folder = Item::Folder("/from/somebody".into());
        assert_eq!(run(size, &asking(), &click(allow)), [Action::Allow(folder)]);
        let withdrawn = Action::Edit(Edit::Withdraw(Purpose::Timelines));
        assert_eq!(run(size, &asking(), &click(remove)), [withdrawn]);
        let [_, allow] = at(size, 1);
        let address = Item::Osc([10, 0, 0, 7].into());
        assert_eq!(
            run(size, &asking(), &click(allow)),
            [Action::Allow(address)]
        );
    }
}

#[test]
fn an_analysis_that_stopped_can_be_started_again() {
    let snapshot = Snapshot {
        stopped: true,
        ..snapshot()
    };
    let [_, restart] = at(PanelSize::DEFAULT, 0);
    let wanted = run(PanelSize::DEFAULT, &snapshot, &click(restart));
    assert_eq!(wanted, [Action::Restart]);
}

#[test]
fn a_button_that_has_the_keyboard_shows_a_ring() {
    let stopped = Snapshot {
        stopped: true,
        ..asking()
    };
    let names = [
        "Restart the analysis",
        "Remove: The session writes timelines into /from/somebody",
        "Allow: The session writes timelines into /from/somebody",
    ];
    let mut bench = Bench::new("Tags", PanelSize::DEFAULT, stopped);
    for name in names {
        assert!(bench.tab_to(name), "{name} is not reached");
        let middle = bench.middle_of(name);
        assert!(bench.has_ring_around(middle), "{name} has no ring");
    }
}
