//! The factory: describes the one plugin to hosts and creates its instances.

use std::ffi::c_void;
use std::panic::catch_unwind;

use nice_plug::wrapper::vst3::{PluginInfo, vst3};
use vst3::Steinberg::{
    FIDString, FUnknown, IPluginFactory, IPluginFactory2, IPluginFactory2Trait, IPluginFactory3,
    IPluginFactory3Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, PClassInfoW, PFactoryInfo,
    int32, kInternalError, kInvalidArgument, kNoInterface, kResultOk, tresult,
};
use vst3::com_scrape_types::{Guid, Unknown};
use vst3::{Class, ComWrapper};

use super::instance::Instance;
#[cfg(target_os = "linux")]
use super::keeper;
use crate::Hamiltone;

pub(super) struct Factory {
    info: PluginInfo,
}

impl Default for Factory {
    fn default() -> Self {
        Self {
            info: PluginInfo::for_plugin::<Hamiltone>(),
        }
    }
}

impl Class for Factory {
    type Interfaces = (IPluginFactory, IPluginFactory2, IPluginFactory3);
}

/// Writes the description of the only class.
///
/// # Safety
/// `target` is null or may be written.
unsafe fn describe<T>(index: int32, target: *mut T, info: impl FnOnce() -> T) -> tresult {
    if index != 0 || target.is_null() {
        return kInvalidArgument;
    }
    // SAFETY: it is not null, and the caller guarantees that it may be written.
    unsafe { target.write(info()) };
    kResultOk
}

impl IPluginFactoryTrait for Factory {
    unsafe fn getFactoryInfo(&self, info: *mut PFactoryInfo) -> tresult {
        // SAFETY: the host's pointer is null or valid.
        unsafe { describe(0, info, || self.info.create_factory_info()) }
    }

    unsafe fn countClasses(&self) -> int32 {
        1
    }

    unsafe fn getClassInfo(&self, index: int32, info: *mut PClassInfo) -> tresult {
        // SAFETY: the host's pointer is null or valid.
        unsafe { describe(index, info, || self.info.create_class_info()) }
    }

    unsafe fn createInstance(
        &self,
        class: FIDString,
        interface: FIDString,
        object: *mut *mut c_void,
    ) -> tresult {
        if class.is_null() || interface.is_null() || object.is_null() {
            return kInvalidArgument;
        }
        // SAFETY: VST3 passes ids of 16 bytes here, and `object` may be written.
        let (class, interface) = unsafe {
            object.write(std::ptr::null_mut());
            (&*class.cast::<Guid>(), &*interface.cast::<Guid>())
        };
        if class != self.info.cid {
            return kInvalidArgument;
        }
        // nice-plug panics if the system refuses it a thread: that must not reach the host.
        let made = catch_unwind(|| {
            #[cfg(target_os = "linux")]
            keeper::hold();
            Instance::new()
        });
        let Ok(Some(instance)) = made else {
            return kInternalError;
        };
        let instance = ComWrapper::new(instance);
        let Some(unknown) = instance.to_com_ptr::<FUnknown>() else {
            return kInternalError;
        };
        // SAFETY: `unknown` is alive; the result owns a reference of its own.
        match unsafe { FUnknown::query_interface(unknown.as_ptr(), interface) } {
            Some(found) => {
                // SAFETY: as above.
                unsafe { object.write(found) };
                kResultOk
            }
            None => kNoInterface,
        }
    }
}

impl IPluginFactory2Trait for Factory {
    unsafe fn getClassInfo2(&self, index: int32, info: *mut PClassInfo2) -> tresult {
        // SAFETY: the host's pointer is null or valid.
        unsafe { describe(index, info, || self.info.create_class_info_2()) }
    }
}

impl IPluginFactory3Trait for Factory {
    unsafe fn getClassInfoUnicode(&self, index: int32, info: *mut PClassInfoW) -> tresult {
        // SAFETY: the host's pointer is null or valid.
        unsafe { describe(index, info, || self.info.create_class_info_unicode()) }
    }

    unsafe fn setHostContext(&self, _context: *mut FUnknown) -> tresult {
        kResultOk
    }
}
