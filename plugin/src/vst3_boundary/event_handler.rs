//! The event handler that the host's run loop calls instead of nice-plug's.

use nice_plug::wrapper::vst3::vst3;
use parking_lot::Mutex;
use vst3::Steinberg::Linux::{FileDescriptor, IEventHandler, IEventHandlerTrait};
use vst3::com_scrape_types::Unknown;
use vst3::{Class, ComPtr};

pub(super) struct EventHandler {
    /// nice-plug's, until it is given back.
    inner: Mutex<Option<ComPtr<IEventHandler>>>,
}

impl Class for EventHandler {
    type Interfaces = (IEventHandler,);
}

impl EventHandler {
    pub(super) fn around(inner: ComPtr<IEventHandler>) -> Self {
        Self {
            inner: Mutex::new(Some(inner)),
        }
    }

    /// Gives back nice-plug's handler, and the reference to it that nice-plug 0.4.2 has lost: it makes
    /// one when it registers the handler and never releases it.
    ///
    /// To be called once nice-plug's view has none any more. Then our own is the last but the lost one.
    /// If none was lost, as in a nice-plug that is mended, only our own is given back.
    pub(super) fn release_inner(&self) {
        let Some(inner) = self.inner.lock().take() else {
            return;
        };
        let inner = inner.into_raw();
        // SAFETY: `inner` was ours. Objects of the `vst3` crate return the exact number of references
        // that are left; a single one is the lost one, for nobody else knows this handler.
        unsafe {
            if IEventHandler::release(inner) == 1 {
                IEventHandler::release(inner);
            }
        }
    }
}

impl IEventHandlerTrait for EventHandler {
    unsafe fn onFDIsSet(&self, descriptor: FileDescriptor) {
        let inner = self.inner.lock().clone();
        if let Some(inner) = inner {
            // SAFETY: `inner` is alive, and the descriptor is the one that it registered.
            unsafe { inner.onFDIsSet(descriptor) };
        }
    }
}
