//! The frames that nice-plug's view gets instead of the host's.

use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::thread::ThreadId;

use nice_plug::wrapper::vst3::vst3;
use parking_lot::Mutex;
use vst3::Steinberg::Linux::{
    FileDescriptor, IEventHandler, IRunLoop, IRunLoopTrait, ITimerHandler, TimerInterval,
};
use vst3::Steinberg::{
    IPlugFrame, IPlugFrameTrait, IPlugView, ViewRect, kInvalidArgument, kResultFalse, kResultOk,
    tresult,
};
use vst3::{Class, ComPtr, ComRef, ComWrapper};

use super::event_handler::EventHandler;

/// For a host without a run loop.
pub(super) struct Frame {
    host: ComPtr<IPlugFrame>,
    /// The view that the host knows; null once the frame was taken back.
    view: AtomicPtr<IPlugView>,
    /// Where the host calls its views.
    main_thread: ThreadId,
}

impl Frame {
    /// For the thread that calls this. `view` stays valid until [`Frame::close`].
    pub(super) fn new(host: ComPtr<IPlugFrame>, view: *mut IPlugView) -> Self {
        Self {
            host,
            view: AtomicPtr::new(view),
            main_thread: std::thread::current().id(),
        }
    }

    /// From now on the host is not asked for anything.
    pub(super) fn close(&self) {
        self.view.store(std::ptr::null_mut(), Ordering::Relaxed);
    }
}

impl Class for Frame {
    type Interfaces = (IPlugFrame,);
}

impl IPlugFrameTrait for Frame {
    unsafe fn resizeView(&self, _view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        let view = self.view.load(Ordering::Relaxed);
        // Without a run loop nice-plug calls from its own thread, which hosts do not expect.
        if view.is_null() || std::thread::current().id() != self.main_thread {
            return kResultFalse;
        }
        // SAFETY: `view` is closed in its own destructor, on this thread, and so is alive; `size` is
        // nice-plug's, passed on as it is.
        unsafe { self.host.resizeView(view, size) }
    }
}

/// For a host with a run loop: sits between it and nice-plug's event handler.
pub(super) struct RunLoopFrame {
    frame: Frame,
    run_loop: ComPtr<IRunLoop>,
    handler: Mutex<Option<ComWrapper<EventHandler>>>,
    /// Whether the host watches the handler's descriptor.
    watched: AtomicBool,
}

impl RunLoopFrame {
    pub(super) fn new(frame: Frame, run_loop: ComPtr<IRunLoop>) -> Self {
        Self {
            frame,
            run_loop,
            handler: Mutex::new(None),
            watched: AtomicBool::new(false),
        }
    }

    /// Whether the host would not watch the handler's descriptor.
    pub(super) fn was_refused(&self) -> bool {
        self.handler.lock().is_some() && !self.watched.load(Ordering::Relaxed)
    }

    /// From now on the host is not asked for anything, and does not call the handler.
    pub(super) fn close(&self) {
        self.frame.close();
        let handler = self.handler.lock().as_ref().and_then(as_interface);
        if let Some(handler) = handler
            && self.watched.swap(false, Ordering::Relaxed)
        {
            // SAFETY: the handler is alive; it was registered with this run loop.
            unsafe { self.run_loop.unregisterEventHandler(handler.as_ptr()) };
        }
    }

    /// Releases nice-plug's event handler after its view has released it: its destructor closes
    /// the descriptors and passes on the tasks that still wait.
    pub(super) fn release_handler(&self) {
        let handler = self.handler.lock().take();
        if let Some(handler) = handler {
            handler.release_inner();
        }
    }
}

fn as_interface(handler: &ComWrapper<EventHandler>) -> Option<ComPtr<IEventHandler>> {
    handler.to_com_ptr()
}

impl Class for RunLoopFrame {
    type Interfaces = (IPlugFrame, IRunLoop);
}

impl IPlugFrameTrait for RunLoopFrame {
    unsafe fn resizeView(&self, view: *mut IPlugView, size: *mut ViewRect) -> tresult {
        // SAFETY: the arguments are passed on as they are.
        unsafe { self.frame.resizeView(view, size) }
    }
}

impl IRunLoopTrait for RunLoopFrame {
    /// Always succeeds, for nice-plug panics otherwise: see [`RunLoopFrame::was_refused`].
    unsafe fn registerEventHandler(
        &self,
        handler: *mut IEventHandler,
        descriptor: FileDescriptor,
    ) -> tresult {
        // SAFETY: null, or nice-plug's handler, which is alive.
        let Some(inner) = (unsafe { ComRef::from_raw(handler) }) else {
            return kInvalidArgument;
        };
        let handler = ComWrapper::new(EventHandler::around(inner.to_com_ptr()));
        let watched = as_interface(&handler).is_some_and(|handler| {
            // SAFETY: the handler is alive until it is unregistered again.
            let result =
                unsafe { (self.run_loop).registerEventHandler(handler.as_ptr(), descriptor) };
            result == kResultOk
        });
        self.watched.store(watched, Ordering::Relaxed);
        *self.handler.lock() = Some(handler);
        kResultOk
    }

    /// nice-plug calls this in its handler's destructor, when the handler is not with the host any
    /// more.
    unsafe fn unregisterEventHandler(&self, _handler: *mut IEventHandler) -> tresult {
        kResultOk
    }

    unsafe fn registerTimer(
        &self,
        handler: *mut ITimerHandler,
        interval: TimerInterval,
    ) -> tresult {
        // SAFETY: the arguments are passed on as they are. nice-plug has no timers.
        unsafe { self.run_loop.registerTimer(handler, interval) }
    }

    unsafe fn unregisterTimer(&self, handler: *mut ITimerHandler) -> tresult {
        // SAFETY: as above.
        unsafe { self.run_loop.unregisterTimer(handler) }
    }
}
