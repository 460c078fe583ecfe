//! What the plugin may ask of its host.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use clack_extensions::gui::{GuiSize, HostGui, HostGuiImpl};
use clack_extensions::log::{HostLog, HostLogImpl, LogSeverity};
use clack_extensions::params::{
    HostParams, HostParamsImplMainThread, HostParamsImplShared, ParamClearFlags, ParamRescanFlags,
};
use clack_extensions::state::{HostState, HostStateImpl};
use clack_host::prelude::*;
use clack_host::utils::ClapId;

/// What the plugin asked for, from any thread.
#[derive(Default)]
pub(super) struct Signals {
    pub(super) callback: AtomicBool,
    pub(super) dirty: AtomicU32,
    /// Width in the upper half, height in the lower; zero for never.
    pub(super) requested_size: AtomicU64,
}

pub(super) struct Shared(Arc<Signals>);

impl Shared {
    pub(super) fn new(signals: Arc<Signals>) -> Self {
        Self(signals)
    }
}

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.0.callback.store(true, Ordering::Release);
    }
}

impl HostLogImpl for Shared {
    fn log(&self, severity: LogSeverity, message: &str) {
        eprintln!("[{severity}] {message}");
    }
}

impl HostGuiImpl for Shared {
    fn resize_hints_changed(&self) {}
    fn request_resize(&self, size: GuiSize) -> Result<(), HostError> {
        let packed = (u64::from(size.width) << 32) | u64::from(size.height);
        self.0.requested_size.store(packed, Ordering::Release);
        Ok(())
    }
    fn request_show(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn request_hide(&self) -> Result<(), HostError> {
        Ok(())
    }
    fn closed(&self, _was_destroyed: bool) {}
}

impl HostParamsImplShared for Shared {
    fn request_flush(&self) {}
}

pub(super) struct Main<'a>(&'a Shared);

impl<'a> Main<'a> {
    pub(super) fn new(shared: &'a Shared) -> Self {
        Self(shared)
    }
}

impl<'a> MainThreadHandler<'a> for Main<'a> {}

impl HostParamsImplMainThread for Main<'_> {
    fn rescan(&self, _flags: ParamRescanFlags) {}
    fn clear(&self, _parameter: ClapId, _flags: ParamClearFlags) {}
}

impl HostStateImpl for Main<'_> {
    fn mark_dirty(&self) {
        self.0.0.dirty.fetch_add(1, Ordering::AcqRel);
    }
}

pub(super) struct Handlers;

impl HostHandlers for Handlers {
    type Shared<'a> = Shared;
    type MainThread<'a> = Main<'a>;
    type AudioProcessor<'a> = ();

    fn declare_extensions(builder: &mut HostExtensions<Self>, _shared: &Self::Shared<'_>) {
        builder
            .register::<HostLog>()
            .register::<HostGui>()
            .register::<HostParams>()
            .register::<HostState>();
    }
}
