//! The worker's loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use hamiltone_engine::model::Library;
use hamiltone_engine::tagging::Tags;

use super::Command;
use super::models::{Models, name_of};
use super::reports::Reports;
use super::stream::Stream;
use crate::params::HamiltoneParams;
use crate::settings::Settings;
use crate::snapshot::{Activity, Bounce, Snapshot, Trouble};
use crate::tap::{Outlet, TapMeters};

type Publisher = triple_buffer::Input<Snapshot>;

/// Pause between two looks into an empty ring: a small part of the time between tags.
const LISTENING_PAUSE: Duration = Duration::from_millis(25);
/// Pause while the host does not process.
const IDLE_PAUSE: Duration = Duration::from_millis(100);
/// Time on the ring before commands and settings are looked at again.
const LISTENING_BUDGET: Duration = Duration::from_millis(40);
/// What is left in the ring at the end is heard for this long at most.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);
/// Time between snapshots when nothing new is heard.
const PUBLISH_EVERY: Duration = Duration::from_millis(90);

/// The thread's main function: works until told to quit.
pub(super) fn run(
    inbox: Receiver<Command>,
    params: Arc<HamiltoneParams>,
    meters: Arc<TapMeters>,
    mut publisher: Publisher,
    library: impl FnOnce() -> Library,
) {
    // A panic here is a bug of ours. The host and its audio must not notice more of it than a line
    // in the panel: the ring's end is dropped with the analyst, and the tap stops pushing.
    let work = || Analyst::new(params, meters, &mut publisher, library()).work(&inbox);
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        let trouble = Trouble {
            title: "Analysis stopped".to_owned(),
            advice: "An internal error ended it; the sound is not affected. Insert the plugin \
                     again, and please report this."
                .to_owned(),
        };
        publisher.write(Snapshot {
            troubles: vec![trouble],
            ..Snapshot::default()
        });
    }
}

struct Analyst<'a> {
    params: Arc<HamiltoneParams>,
    meters: Arc<TapMeters>,
    publisher: &'a mut Publisher,
    published: Option<Instant>,
    models: Models,
    reports: Reports,
    stream: Option<Stream>,
    /// Someone needs a model: a stream has come or the panel is open.
    awake: bool,
    settings: Settings,
    newest: Newest,
    stream_trouble: Option<Trouble>,
}

/// The newest tags.
#[derive(Default)]
struct Newest {
    time_s: f64,
    probabilities: Vec<f32>,
    unpublished: bool,
}

impl Newest {
    fn keep(&mut self, tags: &Tags<'_>) {
        self.time_s = tags.time_s;
        self.probabilities.clear();
        self.probabilities.extend_from_slice(tags.probabilities);
        self.unpublished = true;
    }
}

impl<'a> Analyst<'a> {
    fn new(
        params: Arc<HamiltoneParams>,
        meters: Arc<TapMeters>,
        publisher: &'a mut Publisher,
        library: Library,
    ) -> Self {
        Self {
            params,
            meters,
            publisher,
            published: None,
            models: Models::new(library),
            reports: Reports::default(),
            stream: None,
            awake: false,
            settings: Settings::default(),
            newest: Newest::default(),
            stream_trouble: None,
        }
    }

    fn work(&mut self, inbox: &Receiver<Command>) {
        let mut more = false;
        loop {
            let pause = match (more, &self.stream) {
                (true, _) => Duration::ZERO,
                (false, Some(_)) => LISTENING_PAUSE,
                (false, None) => IDLE_PAUSE,
            };
            match inbox.recv_timeout(pause) {
                Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(command) => self.obey(command),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.follow_settings();
            more = self.listen(LISTENING_BUDGET);
            if !more {
                self.reports.flush();
            }
            self.publish_when_due();
        }
        // Without a report nobody will see what is still in the ring.
        self.end_stream(self.reports.is_open());
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Start(outlet) => self.start(outlet),
            Command::Stop(done) => {
                self.end_stream(true);
                self.publish();
                let _ = done.send(());
            }
            Command::ListModels => {
                self.awake = true;
                self.models.list();
            }
            Command::Quit => {}
        }
    }

    fn start(&mut self, outlet: Outlet) {
        self.end_stream(true);
        self.awake = true;
        self.stream_trouble = None;
        self.reports.try_again();
        self.stream = Some(Stream::new(outlet));
        self.newest = Newest::default();
        self.use_model();
    }

    /// Looks whether a state was loaded or the panel chose something.
    fn follow_settings(&mut self) {
        if *self.params.settings.read() != self.settings {
            self.settings = self.params.settings.read().clone();
        }
        let heard_s = self.stream.as_ref().map_or(0.0, Stream::duration_s);
        self.reports
            .set_folder(self.settings.report_folder.as_deref(), heard_s);
        if self.awake && self.models.is_new(&self.settings.model) {
            self.publish_loading();
            let choice = self.settings.model.clone();
            if self.models.load(&choice) {
                self.reports.finish(heard_s);
                self.newest = Newest::default();
                self.use_model();
            }
            self.publish();
        }
        let window_s = self.params.window_s();
        if let Some(tagger) = self.stream.as_mut().and_then(Stream::tagger)
            && tagger.window_s() != window_s
        {
            tagger.set_window(window_s);
        }
    }

    /// Puts the running model on the running stream, when both are there.
    fn use_model(&mut self) {
        let (Some(stream), Some(model)) = (&mut self.stream, self.models.model()) else {
            return;
        };
        let outcome = stream.use_model(model, self.params.window_s());
        self.stream_trouble = outcome.err().map(|error| Trouble {
            title: "Not analysing".to_owned(),
            advice: format!("{error}. The sound passes untouched."),
        });
    }

    /// Hears what has come. Returns whether more is waiting.
    fn listen(&mut self, budget: Duration) -> bool {
        let Self {
            stream: Some(stream),
            models,
            reports,
            newest,
            ..
        } = self
        else {
            return false;
        };
        let Some(model) = models.model() else {
            return false;
        };
        let window_s = self.params.window_s();
        stream.hear(budget, &mut |tags| {
            newest.keep(tags);
            reports.record(tags, model, window_s);
        })
    }

    /// Finishes the stream, after what is left in its ring if `drain`.
    fn end_stream(&mut self, drain: bool) {
        if self.stream.is_none() {
            return;
        }
        if drain {
            self.follow_settings(); // a stream that ends at once still gets its model
            let deadline = Instant::now() + DRAIN_PATIENCE;
            while self.listen(LISTENING_BUDGET) && Instant::now() < deadline {}
        }
        let Self {
            stream,
            models,
            reports,
            newest,
            ..
        } = self;
        if let (Some(mut stream), Some(model)) = (stream.take(), models.model()) {
            let window_s = self.params.window_s();
            stream.finish(&mut |tags| {
                newest.keep(tags);
                reports.record(tags, model, window_s);
            });
            reports.finish(stream.duration_s());
        }
    }

    fn activity(&self) -> Activity {
        let Some(stream) = &self.stream else {
            return Activity::Waiting;
        };
        if self.params.bypass.value() {
            Activity::Bypassed
        } else if stream.signal.is_absent(Instant::now()) {
            Activity::Waiting
        } else if stream.signal.is_silent() {
            Activity::NoSignal
        } else {
            Activity::Listening
        }
    }

    fn publish_when_due(&mut self) {
        let due = self
            .published
            .is_none_or(|last| last.elapsed() >= PUBLISH_EVERY);
        if due || self.newest.unpublished {
            self.publish();
        }
    }

    fn publish(&mut self) {
        let snapshot = self.snapshot();
        self.publisher.write(snapshot);
        self.published = Some(Instant::now());
        self.newest.unpublished = false;
    }

    fn publish_loading(&mut self) {
        let loading = Some(name_of(&self.settings.model));
        let snapshot = Snapshot {
            loading,
            ..self.snapshot()
        };
        self.publisher.write(snapshot);
    }

    fn snapshot(&mut self) -> Snapshot {
        let activity = self.activity();
        let stream = self.stream.as_mut();
        let (refresh_s, latency_s) = stream
            .and_then(Stream::tagger)
            .map_or((0.0, 0.0), |tagger| {
                (tagger.refresh_s(), tagger.latency_s())
            });
        let busy = matches!(activity, Activity::Listening | Activity::NoSignal);
        let load = self
            .stream
            .as_ref()
            .filter(|_| busy)
            .map_or(0.0, |s| s.load.load());
        let troubles = [
            &self.models.trouble,
            &self.stream_trouble,
            &self.reports.trouble,
        ];
        Snapshot {
            model: self.models.facts().cloned(),
            menu: self.models.menu.clone(),
            activity,
            loading: None,
            troubles: troubles.into_iter().flatten().cloned().collect(),
            probabilities: self.newest.probabilities.clone(),
            smoothed: self.newest.probabilities.clone(),
            on: Vec::new(),
            compared: None,
            host_s: None,
            playing: false,
            bounce: Bounce::default(),
            time_s: self.newest.time_s,
            refresh_s,
            latency_s,
            load,
            dropped_frames: self.meters.dropped_frames(),
            stream: self
                .stream
                .as_ref()
                .map(|s| (s.format().sample_rate, s.format().channels)),
            report_folder: self.reports.working_in().map(ToOwned::to_owned),
        }
    }
}
