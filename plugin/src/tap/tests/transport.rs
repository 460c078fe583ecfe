//! The marks for the host's transport, pauses and pace.

use super::*;

#[test]
fn the_worker_hears_of_the_transport_when_it_changes_and_only_then() {
    let (mut tap, mut outlet, _) = small(LIVE, 1000, 0);
    let blocks = [
        Transport::default(), // stopped
        at(500),              // starts
        at(510),
        at(520),
        at(100), // a loop
        at(110),
        Transport {
            playing: false,
            ..at(120)
        },
    ];
    for transport in blocks {
        tap.follow(transport);
        tap.write(&[[0.1; 10]], Listen::Mix);
    }
    let stopped = Transport {
        playing: false,
        ..at(120)
    };
    assert_eq!(
        drain(&mut outlet).1,
        [
            (10, Mark::Transport(at(500))),
            (40, Mark::Jump),
            (40, Mark::Transport(at(100))),
            (60, Mark::Transport(stopped))
        ]
    );
}

#[test]
fn a_position_that_stands_still_is_withdrawn_and_no_jump() {
    let (mut tap, mut outlet, _) = small(LIVE, 96_000, 0);
    for _ in 0..60 {
        tap.follow(at(0));
        tap.write(&[[0.1; 512]], Listen::Mix);
    }
    let unknown = Transport {
        position: None,
        playing: true,
    };
    let (_, marks) = drain(&mut outlet);
    let [first, second] = marks[..] else {
        panic!("{marks:?}");
    };
    assert_eq!(first, (0, Mark::Transport(at(0))));
    assert_eq!(second.1, Mark::Transport(unknown));
    assert!((12_000..13_000).contains(&second.0), "{second:?}");
}

#[test]
fn a_stop_that_could_not_be_told_before_the_next_start_is_a_jump() {
    let (mut tap, mut outlet, _) = small(LIVE, 100, 0);
    tap.follow(at(0));
    tap.write(&[[0.1; 10]], Listen::Mix);
    tap.follow(Transport {
        playing: false,
        ..at(10)
    });
    tap.follow(at(10));
    tap.write(&[[0.1; 10]], Listen::Mix);
    assert_eq!(
        drain(&mut outlet).1[1..],
        [(10, Mark::Jump), (10, Mark::Transport(at(10)))]
    );
}

#[test]
fn a_render_by_its_pace_is_told_anew_after_each_jump() {
    let (mut tap, mut outlet, _) = small(LIVE, 200_000, 0);
    let mut play = |from: i64| {
        for block in 0..100 {
            tap.follow(at(from + block * 1_000));
            tap.write(&[[0.1; 1_000]], Listen::Mix);
        }
    };
    play(0);
    play(0);
    let told = [
        (0, Mark::Transport(at(0))),
        (48_000, Mark::Rendering(true)),
        (100_000, Mark::Jump),
        (100_000, Mark::Transport(at(0))),
        (148_000, Mark::Rendering(true)),
    ];
    let marks = drain(&mut outlet).1;
    assert_eq!(marks.len(), told.len(), "{marks:?}");
    for ((at, mark), (near, expected)) in marks.into_iter().zip(told) {
        assert_eq!(mark, expected);
        // A machine that is busy lets the render look slower.
        let late = if mark == Mark::Rendering(true) {
            20_000
        } else {
            0
        };
        assert!((near..=near + late).contains(&at), "{mark:?} at {at}");
    }
}

#[test]
fn a_pause_by_the_clock_is_marked_where_nothing_shows_that_the_sound_goes_on() {
    let pause = |position: Option<i64>, offline: bool| {
        let format = if offline { RENDER } else { LIVE };
        let (mut tap, mut outlet, _) = small(format, 10_000, 0);
        for block in 0..2 {
            tap.follow(Transport {
                position: position.map(|first| first + 512 * block),
                playing: true,
            });
            tap.write(&[[0.1; 512]], Listen::Mix);
            if block == 0 {
                std::thread::sleep(Duration::from_millis(1_100));
            }
        }
        drain(&mut outlet).1[1..].to_vec()
    };
    assert_eq!(pause(None, false), [(512, Mark::Pause)]);
    assert_eq!(pause(Some(9), false), []);
    assert_eq!(pause(None, true), []);
}
