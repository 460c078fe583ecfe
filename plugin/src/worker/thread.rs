//! The worker's loop.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use hamiltone_engine::model::{Library, ModelChoice};
use parking_lot::Mutex;

use super::Command;
use super::label_settings::LabelSettings;
use super::models::Models;
use super::outputs::{OutputContext, Outputs};
use super::permissions::Permissions;
use super::quitting::Quitting;
use super::stopped;
use super::stream::Stream;
use crate::agreements::Store;
use crate::history::History;
use crate::params::HamiltoneParams;
use crate::settings::Settings;
use crate::snapshot::{Snapshot, Trouble};
use crate::tap::{Outlet, TapMeters};

type Publisher = triple_buffer::Input<Snapshot>;

/// Pause between two polls of an empty ring: a small part of the time between tags.
const LISTENING_PAUSE: Duration = Duration::from_millis(25);
/// The same while the host renders and may wait for us.
const RENDERING_PAUSE: Duration = Duration::from_millis(1);
/// Pause while the host does not process.
const IDLE_PAUSE: Duration = Duration::from_millis(100);
/// Time spent on the ring before commands and settings are checked again.
const LISTENING_BUDGET: Duration = Duration::from_millis(40);
/// The rest of the ring is processed for this long at most.
const DRAIN_PATIENCE: Duration = Duration::from_secs(10);

/// The thread's main function: runs until [`Command::Quit`].
pub(super) fn run(
    inbox: Receiver<Command>,
    quitting: Arc<Quitting>,
    params: Arc<HamiltoneParams>,
    meters: Arc<TapMeters>,
    mut publisher: Publisher,
    history: Arc<Mutex<History>>,
    with: impl Fn() -> (Library, Store),
) {
    let mut stream = None;
    loop {
        // A panic here is a bug of ours. The host and its audio must not be affected: until the user restarts the
        // analysis, the ring is emptied without being analysed, and the panel shows a notice.
        if let Ok((library, agreements)) = catch_unwind(AssertUnwindSafe(&with)) {
            let library = library.interrupted_by(quitting.interrupt());
            let mut analysis = Analysis {
                params: params.clone(),
                meters: meters.clone(),
                publisher: &mut publisher,
                published: None,
                models: Models::new(library.clone()),
                compared: None,
                permissions: Permissions::new(agreements, library.clone()),
                library,
                quitting: quitting.clone(),
                outputs: Outputs::new(history.clone()),
                stream: None,
                awake: false,
                saved: None,
                settings: Settings::default(),
                labels: LabelSettings::default(),
                stream_trouble: None,
            };
            let work = || {
                if let Some(stream) = stream.take() {
                    analysis.go_on(stream);
                }
                analysis.work(&inbox);
            };
            if catch_unwind(AssertUnwindSafe(work)).is_ok() {
                return;
            }
            stream = analysis.stream.take();
            // Writes what is buffered.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(analysis)));
        }
        quitting.set_awaited(false);
        publisher.write(stopped_snapshot());
        if !stopped::wait_for_restart(&inbox, &quitting, &mut stream) {
            return;
        }
    }
}

fn stopped_snapshot() -> Snapshot {
    let trouble = Trouble {
        title: "Analysis stopped".to_owned(),
        advice: "An internal error occurred; the audio is not affected. Start the analysis again, and please report \
                 this."
            .to_owned(),
    };
    Snapshot {
        troubles: vec![trouble],
        stopped: true,
        ..Snapshot::default()
    }
}

pub(super) struct Analysis<'a> {
    pub(super) params: Arc<HamiltoneParams>,
    pub(super) meters: Arc<TapMeters>,
    pub(super) publisher: &'a mut Publisher,
    pub(super) published: Option<Instant>,
    pub(super) models: Models,
    /// For the second model, while one is compared.
    pub(super) compared: Option<Models>,
    library: Library,
    quitting: Arc<Quitting>,
    pub(super) outputs: Outputs,
    pub(super) stream: Option<Stream>,
    /// Whether a model is needed: a stream has started or the panel was opened.
    awake: bool,
    /// The settings of the session when they were last read.
    saved: Option<Settings>,
    /// These settings without what this machine has not agreed to.
    pub(super) settings: Settings,
    pub(super) labels: LabelSettings,
    pub(super) permissions: Permissions,
    pub(super) stream_trouble: Option<Trouble>,
}

impl Analysis<'_> {
    fn work(&mut self, inbox: &Receiver<Command>) {
        let mut more = false;
        loop {
            let pause = match (more, &self.stream) {
                (true, _) => Duration::ZERO,
                (false, Some(stream)) if stream.is_urgent() => RENDERING_PAUSE,
                (false, Some(_)) => LISTENING_PAUSE,
                (false, None) => IDLE_PAUSE,
            };
            match inbox.recv_timeout(pause) {
                Ok(Command::Quit) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(command) => self.handle(command),
                Err(RecvTimeoutError::Timeout) => {}
            }
            self.follow_settings();
            more = self.process(LISTENING_BUDGET);
            if !more {
                self.outputs.reports.flush();
            }
            self.save_bounces();
            self.publish_when_due();
            self.quitting.set_awaited(self.is_awaited());
        }
        self.end_stream(self.is_awaited());
    }

    /// Whether the rest of the ring belongs to a report or a take.
    fn is_awaited(&self) -> bool {
        self.outputs.reports.is_open() || self.outputs.bounces.is_capturing()
    }

    fn handle(&mut self, command: Command) {
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
                if let Some(compared) = &mut self.compared {
                    compared.list();
                }
            }
            Command::SaveAgain => self.outputs.bounces.try_again(),
            Command::Agree(item) => {
                self.permissions.agree(&item);
                self.saved = None; // to be applied again
            }
            Command::Restart | Command::Quit => {}
            #[cfg(test)]
            Command::Panic => panic!("a bug, for tests"),
        }
    }

    fn start(&mut self, outlet: Outlet) {
        self.end_stream(true);
        self.awake = true;
        self.stream_trouble = None;
        self.outputs.begin_stream(outlet.format().sample_rate);
        self.stream = Some(Stream::new(outlet, self.quitting.interrupt()));
        self.use_model();
        self.use_compared();
    }

    /// Continues a stream whose analysis ended by an error.
    fn go_on(&mut self, stream: Stream) {
        self.awake = true;
        self.outputs.begin_stream(stream.format().sample_rate);
        self.outputs.change_meaning(stream.duration_s());
        self.stream = Some(stream);
    }

    /// Reads the settings of the session if they or the agreements of this machine have changed.
    fn read_settings(&mut self) {
        let agreed = self.permissions.have_changed();
        if !agreed && self.saved.as_ref() == Some(&*self.params.settings.read()) {
            return;
        }
        let saved = self.params.settings.read().clone();
        let folder = self.settings.bounce_folder.take();
        self.settings = self.permissions.apply(&saved);
        self.saved = Some(saved);
        if self.settings.bounce_folder != folder {
            self.outputs.bounces.try_again();
        }
        self.follow_labels();
    }

    /// Applies changes of the settings and parameters, by a loaded state or the panel.
    fn follow_settings(&mut self) {
        self.read_settings();
        let position_s = self.stream.as_ref().map_or(0.0, Stream::duration_s);
        let outputs = &mut self.outputs;
        outputs
            .reports
            .set_folder(self.settings.report_folder.as_deref(), position_s);
        let sends_osc = self.params.osc.value() && self.permissions.osc;
        let osc = sends_osc.then_some(&*self.settings.osc);
        outputs.osc.configure(osc);
        self.follow_model(position_s);
        self.follow_compared();
        self.follow_capture();
        self.end_notes();
        if let Some(stream) = &mut self.stream {
            stream.set_window(self.params.window_s());
            if stream.choose_among(&self.settings.among) {
                self.outputs.change_meaning(position_s);
                self.outputs.compared.reset();
            }
        }
    }

    /// Applies the settings of single labels to the models that run now.
    fn follow_labels(&mut self) {
        self.labels = LabelSettings::new(&self.settings, &self.models, self.compared.as_ref());
    }

    /// Ends all notes when they are turned off or bypassed.
    fn end_notes(&mut self) {
        if let Some(stream) = &mut self.stream
            && !self.params.wants_notes()
        {
            let notes = &mut self.outputs.notes;
            notes.all_off(stream.duration_s());
            notes.deliver(|note| stream.send(note));
        }
    }

    fn follow_model(&mut self, position_s: f64) {
        if !self.awake || !self.models.is_new(&self.settings.model) {
            return;
        }
        self.publish_loading();
        let choice = ModelChoice::clone(&self.settings.model);
        if self.models.load(&choice) {
            self.outputs.change_meaning(position_s);
            self.follow_labels();
            self.use_model();
        }
        if let Some(complete) = self.models.completed(&choice) {
            let mut settings = self.params.settings.write();
            if *settings.model == choice {
                *settings.model = complete;
            }
        }
        self.publish();
    }

    /// Loads or unloads the second model as the settings say.
    fn follow_compared(&mut self) {
        let Some(choice) = self.settings.compare.as_deref().cloned() else {
            if self.compared.take().is_some() {
                self.use_compared();
            }
            return;
        };
        let library = &self.library;
        let compared = self
            .compared
            .get_or_insert_with(|| Models::second(library.clone()));
        if self.awake && compared.is_new(&choice) && compared.load(&choice) {
            self.use_compared();
        }
    }

    fn use_compared(&mut self) {
        self.follow_labels();
        self.outputs.compared.reset();
        if let Some(stream) = &mut self.stream {
            let model = self.compared.as_ref().and_then(Models::model);
            stream.compare(model, self.params.window_s());
        }
    }

    /// Starts and ends takes: in a render, or while the user captures.
    fn follow_capture(&mut self) {
        if let (Some(stream), Some(model)) = (&mut self.stream, self.models.model()) {
            let context = OutputContext::now(model, &self.params, &self.labels, stream.choices());
            stream.follow_stops(&mut self.outputs.in_context(context));
        }
        let Some(stream) = &self.stream else {
            return self.outputs.bounces.want(false, false, 0.0);
        };
        let (rendering, capture) = (stream.is_rendering(), self.params.capture.value());
        let position_s = stream.duration_s();
        self.outputs.bounces.want(rendering, capture, position_s);
    }

    fn save_bounces(&mut self) {
        if self.outputs.bounces.has_waiting() && !self.outputs.bounces.has_failed() {
            self.save_bounces_now();
        }
    }

    fn save_bounces_now(&mut self) {
        if let Some(folder) = &self.settings.bounce_folder {
            let formats = self.settings.bounce_formats();
            self.outputs.bounces.save(folder, &formats);
        }
    }

    /// Runs the model on the stream, if there are both.
    fn use_model(&mut self) {
        let (Some(stream), Some(model)) = (&mut self.stream, self.models.model()) else {
            return;
        };
        let outcome = stream.use_model(model, self.params.window_s());
        self.stream_trouble = outcome.err().map(|error| Trouble {
            title: "Not analysing".to_owned(),
            advice: format!("{error}. The audio passes unchanged."),
        });
    }

    /// Processes the contents of the ring for about `budget`. Returns whether there is more.
    fn process(&mut self, budget: Duration) -> bool {
        let (Some(stream), Some(model)) = (&mut self.stream, self.models.model()) else {
            return false;
        };
        let context = OutputContext::now(model, &self.params, &self.labels, stream.choices());
        stream.process(budget, &mut self.outputs.in_context(context))
    }

    /// Finishes the stream; processes the rest of its ring first if `drain`.
    fn end_stream(&mut self, drain: bool) {
        if self.stream.is_none() {
            return;
        }
        if drain {
            self.follow_settings(); // a very short stream still needs its model
            let deadline = Instant::now() + DRAIN_PATIENCE;
            while self.process(LISTENING_BUDGET) && Instant::now() < deadline {
                self.follow_capture();
            }
            self.follow_capture();
        }
        if let (Some(mut stream), Some(model)) = (self.stream.take(), self.models.model()) {
            let context = OutputContext::now(model, &self.params, &self.labels, stream.choices());
            stream.finish(&mut self.outputs.in_context(context));
            let duration_s = stream.duration_s();
            self.outputs.reports.finish(duration_s);
            self.outputs.bounces.end(duration_s);
            self.save_bounces_now();
        }
    }
}
