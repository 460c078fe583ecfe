//! The host's side of a view: its frame and, on Linux, its run loop.

use std::sync::Mutex;

use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IEventHandlerTrait, IRunLoop, IRunLoopTrait, ITimerHandler,
    TimerInterval,
};
use vst3::Steinberg::{
    IPlugFrame, IPlugFrameTrait, IPlugView, IPlugViewTrait, ViewRect, kInvalidArgument,
    kNotImplemented, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

/// What a host offers for events of a panel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunLoop {
    /// A run loop, as VST3 asks for.
    Offered,
    /// A run loop that takes no handler.
    Full,
    /// None.
    Missing,
}

impl std::str::FromStr for RunLoop {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        match text {
            "offered" => Ok(Self::Offered),
            "full" => Ok(Self::Full),
            "missing" => Ok(Self::Missing),
            other => anyhow::bail!("run loop `{other}`: use offered, full or missing"),
        }
    }
}

/// A frame with a run loop.
pub(super) struct LoopFrame {
    takes_handlers: bool,
    handlers: Mutex<Vec<(ComPtr<IEventHandler>, FileDescriptor)>>,
    asked_for: Mutex<Option<(i32, i32)>>,
}

impl LoopFrame {
    pub(super) fn new(takes_handlers: bool) -> ComWrapper<Self> {
        ComWrapper::new(Self {
            takes_handlers,
            handlers: Mutex::default(),
            asked_for: Mutex::default(),
        })
    }

    fn handlers(&self) -> Vec<(ComPtr<IEventHandler>, FileDescriptor)> {
        self.handlers
            .lock()
            .map_or_else(|_| Vec::new(), |h| h.clone())
    }

    /// Width and height of the last resize that a view asked for.
    pub(super) fn asked_for(&self) -> Option<(i32, i32)> {
        self.asked_for.lock().ok().and_then(|size| *size)
    }

    /// How many are registered.
    pub(super) fn handler_count(&self) -> usize {
        self.handlers().len()
    }

    /// Calls the handlers whose descriptors can be read.
    pub(super) fn run(&self) {
        for (handler, descriptor) in self.handlers() {
            let mut poll = libc::pollfd {
                fd: descriptor,
                events: libc::POLLIN,
                revents: 0,
            };
            // SAFETY: one entry, which may be written; the handler is alive.
            unsafe {
                if libc::poll(&mut poll, 1, 0) > 0 {
                    handler.onFDIsSet(descriptor);
                }
            }
        }
    }
}

impl Class for LoopFrame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

/// Does what a plugin asks for, as most hosts do.
///
/// # Safety
/// The pointers are valid or null.
unsafe fn resize(view: *mut IPlugView, size: *mut ViewRect) -> tresult {
    // SAFETY: by the caller.
    match unsafe { ComRef::from_raw(view) } {
        // SAFETY: by the caller.
        Some(view) => unsafe { view.onSize(size) },
        None => kInvalidArgument,
    }
}

impl IPlugFrameTrait for LoopFrame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: the plugin's pointer is valid or null.
        if let (Some(size), Ok(mut asked_for)) = (unsafe { size.as_ref() }, self.asked_for.lock()) {
            *asked_for = Some((size.right - size.left, size.bottom - size.top));
        }
        // SAFETY: the plugin's pointers are valid.
        unsafe { resize(view, size) }
    }
}

impl IRunLoopTrait for LoopFrame {
    unsafe fn registerEventHandler(
        &self,
        handler: *mut IEventHandler,
        descriptor: FileDescriptor,
    ) -> tresult {
        // SAFETY: the plugin's pointer is valid or null.
        let handler = unsafe { ComRef::from_raw(handler) };
        match (handler, self.handlers.lock()) {
            (Some(handler), Ok(mut handlers)) if self.takes_handlers => {
                handlers.push((handler.to_com_ptr(), descriptor));
                kResultOk
            }
            _ => kResultFalse,
        }
    }

    unsafe fn unregisterEventHandler(&self, handler: *mut IEventHandler) -> tresult {
        let Ok(mut handlers) = self.handlers.lock() else {
            return kResultFalse;
        };
        let before = handlers.len();
        handlers.retain(|(registered, _)| registered.as_ptr() != handler);
        if handlers.len() < before {
            kResultOk
        } else {
            kInvalidArgument
        }
    }

    unsafe fn registerTimer(&self, _: *mut ITimerHandler, _: TimerInterval) -> tresult {
        kNotImplemented
    }

    unsafe fn unregisterTimer(&self, _: *mut ITimerHandler) -> tresult {
        kNotImplemented
    }
}

/// A frame without a run loop.
pub(super) struct BareFrame;

impl Class for BareFrame {
    type Interfaces = (IPlugFrame,);
}

impl IPlugFrameTrait for BareFrame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: the plugin's pointers are valid.
        unsafe { resize(view, size) }
    }
}
