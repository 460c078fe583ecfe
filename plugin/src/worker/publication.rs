//! Publishes snapshots for the panel.

use std::time::{Duration, Instant};

use hamiltone_engine::model::Among;

use super::models::name_of;
use super::stream::Stream;
use super::thread::Analysis;
use crate::snapshot::{Activity, Compared, Request, Snapshot, Trouble};

/// Time between snapshots without new tags.
const PUBLISH_EVERY: Duration = Duration::from_millis(90);

impl Analysis<'_> {
    fn activity(&self) -> Activity {
        let Some(stream) = &self.stream else {
            return Activity::Waiting;
        };
        if self.params.bypass.value() {
            Activity::Bypassed
        } else if self.stream_trouble.is_some() {
            Activity::Refused
        } else if stream.signal.is_absent(Instant::now()) {
            Activity::Waiting
        } else if stream.signal.is_silent() {
            Activity::NoSignal
        } else {
            Activity::Listening
        }
    }

    pub(super) fn publish_when_due(&mut self) {
        let due = self
            .published
            .is_none_or(|last| last.elapsed() >= PUBLISH_EVERY);
        if due || self.outputs.newest.unpublished {
            self.publish();
        }
    }

    pub(super) fn publish(&mut self) {
        let snapshot = self.snapshot();
        self.publisher.write(snapshot);
        self.published = Some(Instant::now());
        self.outputs.newest.unpublished = false;
    }

    pub(super) fn publish_loading(&mut self) {
        let loading = Some(name_of(&self.settings.model));
        let snapshot = Snapshot {
            loading,
            ..self.snapshot()
        };
        self.publisher.write(snapshot);
    }

    fn snapshot(&mut self) -> Snapshot {
        let activity = self.activity();
        let busy = matches!(activity, Activity::Listening | Activity::NoSignal);
        let tagger = self.stream.as_mut().and_then(Stream::tagger);
        let (refresh_s, latency_s) = tagger.map_or((0.0, 0.0), |tagger| {
            (tagger.refresh_s(), tagger.latency_s())
        });
        let stream = self.stream.as_ref();
        let chosen = stream.and_then(Stream::chosen);
        let (host_s, playing) = stream.map_or((None, false), Stream::transport);
        let outputs = &self.outputs;
        Snapshot {
            model: self.models.facts().cloned(),
            menu: self.models.menu.clone(),
            activity,
            loading: None,
            troubles: self.troubles(),
            requests: self.requests(),
            stopped: false,
            probabilities: outputs.newest.probabilities.clone(),
            smoothed: outputs.response.smoothed().to_vec(),
            on: outputs.response.on().to_vec(),
            on_levels: outputs.newest.on_levels.clone(),
            choosing: stream.map_or([false; 2], Stream::choices),
            sent: outputs.sent(),
            among: stream.map_or(Vec::new(), |stream| stream.among()[0].to_vec()),
            unclear: outputs.newest.unclear.clone(),
            worth: chosen.and_then(Among::worth).map(str::to_owned),
            compared: self.compared_snapshot(busy),
            time_s: outputs.newest.time_s,
            host_s,
            playing,
            refresh_s,
            latency_s,
            load: stream.filter(|_| busy).map_or(0.0, |s| s.load.load()),
            dropped_frames: self.meters.dropped_frames(),
            stream: stream.map(|s| (s.format().sample_rate, s.format().channels)),
            report_folder: outputs.reports.working_in().map(ToOwned::to_owned),
            bounce: outputs.bounces.state(),
        }
    }

    fn compared_snapshot(&self, busy: bool) -> Option<Compared> {
        let model = self.compared.as_ref()?.facts()?.clone();
        let load = self.stream.as_ref().filter(|_| busy);
        Some(Compared {
            model,
            smoothed: self.outputs.compared.smoothed().to_vec(),
            on_levels: self.outputs.compared_on_levels.clone(),
            among: self
                .stream
                .as_ref()
                .map_or(Vec::new(), |stream| stream.among()[1].to_vec()),
            load: load.map_or(0.0, |stream| stream.compared_load.load()),
            refresh_s: self.outputs.compared_refresh_s,
        })
    }

    fn requests(&self) -> Vec<Request> {
        let compared = self.compared.as_ref().and_then(|models| models.facts());
        let running = [self.models.facts(), compared].into_iter().flatten();
        let hashes: Vec<&str> = running.map(|facts| facts.hash.as_str()).collect();
        self.permissions.asked(self.params.osc.value(), &hashes)
    }

    fn troubles(&self) -> Vec<Trouble> {
        let compared = self.compared.as_ref().and_then(|m| m.trouble.as_ref());
        let troubles = [
            self.models.trouble.as_ref(),
            compared,
            self.stream_trouble.as_ref(),
            self.outputs.reports.trouble.as_ref(),
            self.outputs.osc.trouble.as_ref(),
        ];
        let troubles = troubles.into_iter().flatten().cloned();
        troubles.chain(self.permissions.troubles()).collect()
    }
}
