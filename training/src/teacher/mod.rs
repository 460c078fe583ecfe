//! Teachers: networks of others that judge audio, for students of ours to learn from.

mod onnx;

pub use onnx::OnnxNet;
