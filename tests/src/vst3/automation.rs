//! Parameter changes of one block.

use vst3::Steinberg::Vst::{
    IParamValueQueue, IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, ParamID,
    ParamValue,
};
use vst3::Steinberg::{int32, kInvalidArgument, kNotImplemented, kResultOk, tresult};
use vst3::{Class, ComPtr, ComWrapper};

/// One point, at the start of the block.
struct Point {
    id: u32,
    value: f64,
}

impl Class for Point {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Point {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }

    unsafe fn getPointCount(&self) -> int32 {
        1
    }

    unsafe fn getPoint(&self, index: int32, at: *mut int32, value: *mut ParamValue) -> tresult {
        if index != 0 {
            return kInvalidArgument;
        }
        // SAFETY: the plugin's pointers are valid during the call.
        unsafe {
            at.write(0);
            value.write(self.value);
        }
        kResultOk
    }

    unsafe fn addPoint(&self, _at: int32, _value: ParamValue, _index: *mut int32) -> tresult {
        kNotImplemented
    }
}

/// A list of changes, each of another parameter.
pub(super) struct Changes {
    points: Vec<ComPtr<IParamValueQueue>>,
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl Changes {
    /// Of ids and values in 0 to 1.
    pub(super) fn of(changes: &[(u32, f64)]) -> Option<ComPtr<IParameterChanges>> {
        let points = changes
            .iter()
            .map(|&(id, value)| ComWrapper::new(Point { id, value }).to_com_ptr())
            .collect::<Option<_>>()?;
        ComWrapper::new(Self { points }).to_com_ptr()
    }
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        i32::try_from(self.points.len()).unwrap_or(i32::MAX)
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        let point = usize::try_from(index).ok().and_then(|i| self.points.get(i));
        point.map_or(std::ptr::null_mut(), ComPtr::as_ptr)
    }

    unsafe fn addParameterData(
        &self,
        _id: *const ParamID,
        _index: *mut int32,
    ) -> *mut IParamValueQueue {
        std::ptr::null_mut()
    }
}
