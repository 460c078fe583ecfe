//! What is compared with what.

use std::path::Path;
use std::rc::Rc;

use anyhow::Result;
use candle_core::{Device, Tensor};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::kernels::{
    CacheLevel, Convolution, Counts, InstructionSet, KernelWeights, LayerShape, Map, Method,
    PackedConvolution, Workspace,
};
use hamiltone_engine::network::Architecture;
use hamiltone_research::teacher::OnnxNet;
use hamiltone_training::run::BareTraining;
use serde_json::json;

use crate::networks::{
    Candle, Clip, FRAMES, MELS, best_chunk, halved, numbers, packed, packed_in_bfloat16, shape,
};
use crate::peers::Peers;
use crate::report::Table;
use crate::roofline;
use crate::rounds::{Contender, Effort, Ours, time};

/// Everything a suite needs.
pub(crate) struct Bench<'a> {
    /// A Python with torch and onnxruntime, if there is one.
    pub(crate) python: Option<&'a Path>,
    /// For files of the peers.
    pub(crate) folder: &'a Path,
    /// How long.
    pub(crate) effort: Effort,
    /// Small nets only.
    pub(crate) quick: bool,
}

/// What the Python process calls its ONNX file.
const EXPORTED: &str = "net.onnx";

type Named<'a> = Vec<(String, Box<dyn Contender + 'a>)>;

/// The network of four blocks of two convolutions that papers on quaternion CNNs time.
pub(crate) fn four_blocks() -> Architecture {
    Architecture::qcnn10(1.0, 10)
}

impl Bench<'_> {
    fn shapes(&self) -> Vec<(&'static str, Architecture, usize)> {
        if self.quick {
            return vec![(
                "8-16-32",
                Architecture::doubling(8, 3, true, 1.0, 10),
                FRAMES,
            )];
        }
        vec![
            ("64-128-256-512 (QCNN10), 1 s", four_blocks(), FRAMES),
            ("64-128-256-512 (QCNN10), 5 s", four_blocks(), 5 * FRAMES),
            ("QCNN14, 1 s", Architecture::qcnn14(1.0, 527), FRAMES),
            (
                "16-32-64-128-256 (esc10), 1 s",
                Architecture::doubling(16, 5, false, 1.0, 10),
                FRAMES,
            ),
            (
                "32-64-128-256, 1 s",
                Architecture::doubling(32, 4, true, 1.0, 527),
                FRAMES,
            ),
        ]
    }

    /// Whole clips: ours, quaternion and real, and others on the real network of the same shape.
    /// Frames are rounded up to whole columns for everyone.
    pub(crate) fn whole_clip(&self) -> Vec<Table> {
        let set = InstructionSet::best();
        self.shapes()
            .into_iter()
            .map(|(name, net, frames)| {
                let frames = frames.next_multiple_of(net.frames_per_column());
                let mut contenders = self.ours(&net, frames, set);
                contenders.extend(self.plain_candle(&net, frames));
                contenders.extend(self.peers(&net, frames, &[]));
                Table::new(
                    &format!("Whole clip: {name}"),
                    time(name, contenders, self.effort),
                )
            })
            .collect()
    }

    /// The same with 256-bit vectors for us and PyTorch, against ONNX Runtime with all it has.
    pub(crate) fn avx2(&self) -> Vec<Table> {
        if !InstructionSet::Avx2.is_available() {
            return Vec::new();
        }
        let (name, net, frames) = self.shapes().swap_remove(0);
        let frames = frames.next_multiple_of(net.frames_per_column());
        let mut contenders = self.ours(&net, frames, InstructionSet::Avx2);
        let limits = [
            ("ONEDNN_MAX_CPU_ISA", "AVX2"),
            ("ATEN_CPU_CAPABILITY", "avx2"),
        ];
        let limited = self.peers(&net, frames, &limits).into_iter();
        contenders.extend(
            limited
                .filter(|(name, _)| name.starts_with("PyTorch"))
                .map(|(name, peer)| (format!("{name}, limited to AVX2"), peer)),
        );
        let free = self.peers(&net, frames, &[]).into_iter();
        contenders.extend(free.filter(|(name, _)| name.starts_with("ONNX")));
        vec![Table::new(
            &format!("Whole clip with AVX2 only: {name}"),
            time(name, contenders, self.effort),
        )]
    }

    fn ours(&self, net: &Architecture, frames: usize, set: InstructionSet) -> Named<'static> {
        let mut contenders: Named<'static> = Vec::new();
        let real = net.clone().real();
        let networks = [
            ("quaternion", Some(packed(net, set))),
            ("real", Some(packed(&real, set))),
            ("quaternion, bf16", packed_in_bfloat16(net, set)),
            ("real, bf16", packed_in_bfloat16(&real, set)),
        ];
        for (what, network) in networks {
            let Some(network) = network else { continue };
            let most = frames.div_ceil(net.frames_per_column());
            let columns = best_chunk(&network, frames, most);
            let mut clip = Clip::new(network, frames, columns);
            let name = format!("ours, {what}, {columns} columns at a time");
            let run = Ours(move || {
                clip.run();
                Ok(())
            });
            contenders.push((name, Box::new(run)));
        }
        contenders
    }

    fn plain_candle(&self, net: &Architecture, frames: usize) -> Named<'static> {
        Candle::new(net, frames)
            .map(|candle| {
                let run: Box<dyn Contender> = Box::new(Ours(move || candle.run()));
                vec![("candle, its own convolution".to_owned(), run)]
            })
            .unwrap_or_default()
    }

    fn peers(&self, net: &Architecture, frames: usize, limits: &[(&str, &str)]) -> Named<'static> {
        let Some(python) = self.python else {
            return Vec::new();
        };
        let mut contenders: Named<'static> = Vec::new();
        let all = [
            ("onnxruntime", "ONNX Runtime, real"),
            ("onnxruntime-int8", "ONNX Runtime, real, static int8"),
            ("openvino", "OpenVINO, real"),
            ("openvino-bf16", "OpenVINO, real, bf16"),
            ("openvino-int8", "OpenVINO, real, static int8"),
            ("torch", "PyTorch channels_last, real"),
            ("torch-compiled", "PyTorch compiled, real"),
        ];
        let peers = match Peers::start(python, limits) {
            Ok(peers) => peers,
            Err(error) => {
                eprintln!("without PyTorch, ONNX Runtime and OpenVINO: {error:#}");
                return contenders;
            }
        };
        for (engine, name) in all {
            match Peers::make(&peers, engine, &shape(net, frames, self.folder)) {
                Ok(peer) => contenders.push((name.to_owned(), Box::new(peer))),
                Err(error) => eprintln!("without {name}: {error:#}"),
            }
        }
        if limits.is_empty() {
            match tract(&self.folder.join(EXPORTED), frames) {
                Ok(run) => contenders.push(("tract, real".to_owned(), run)),
                Err(error) => eprintln!("without tract: {error:#}"),
            }
        }
        contenders
    }

    /// What a second costs when it comes column by column.
    pub(crate) fn streaming(&self) -> Vec<Table> {
        let set = InstructionSet::best();
        let seconds = if self.quick { 1 } else { 4 };
        self.shapes()
            .into_iter()
            .filter(|(_, _, frames)| *frames == FRAMES)
            .map(|(name, net, _)| {
                let network = packed(&net, set);
                let per_column = net.frames_per_column();
                let frames = (seconds * FRAMES).next_multiple_of(per_column);
                let whole = best_chunk(&network, frames, frames / per_column);
                let mut contenders: Named<'_> = Vec::new();
                for columns in [whole, 1, 2, 4] {
                    let mut clip = Clip::new(network.clone(), frames, columns);
                    let run = Ours(move || {
                        clip.run();
                        Ok(())
                    });
                    contenders.push((format!("{columns} columns at a time"), Box::new(run)));
                }
                contenders.extend(roofline::floors(&network, frames, &[whole, 1]));
                let title = format!("Streaming: {name}, {} s of frames", frames / FRAMES);
                Table::new(&title, time(name, contenders, self.effort))
            })
            .collect()
    }

    /// Networks with fewer filters against the whole one.
    pub(crate) fn pruned(&self) -> Vec<Table> {
        let (name, net, frames) = self.shapes().swap_remove(0);
        let set = InstructionSet::best();
        let mut tables = Vec::new();
        for step in [8, 4] {
            let fewer = halved(&net, step);
            let features = hamiltone_engine::features::FeatureSettings::default();
            let share = fewer.multiply_adds_per_second(&features) as f64
                / net.multiply_adds_per_second(&features) as f64;
            let mut contenders: Named<'_> = Vec::new();
            for (what, net) in [("whole", &net), ("pruned", &fewer)] {
                let network = packed(net, set);
                let most = frames.div_ceil(net.frames_per_column());
                for columns in [best_chunk(&network, frames, most), 1] {
                    let mut clip = Clip::new(network.clone(), frames, columns);
                    let run = Ours(move || {
                        clip.run();
                        Ok(())
                    });
                    contenders.push((
                        format!("{what}, {columns} columns at a time"),
                        Box::new(run),
                    ));
                }
            }
            let filters: Vec<usize> = fewer.blocks.iter().map(|b| b.filters[0]).collect();
            let title = format!(
                "Pruned to filters in steps of {step} quaternions ({filters:?}), {share:.3} of the \
                 multiply-adds: {name}"
            );
            tables.push(Table::new(&title, time("pruned", contenders, self.effort)));
        }
        tables
    }

    /// Every kernel on every layer, and which one the rule takes.
    pub(crate) fn layers(&self) -> Vec<Table> {
        let set = InstructionSet::best();
        let (name, net, frames) = self.shapes().swap_remove(0);
        let mut tables = Vec::new();
        for (title, rows) in [
            ("whole clip", frames),
            ("a column", net.frames_per_column()),
        ] {
            let (mut rows, mut mels, mut inputs) = (rows, MELS, 1);
            for block in &net.blocks {
                for (place, &outputs) in block.filters.iter().enumerate() {
                    let pools = block.pools && place + 1 == block.filters.len() && rows > 1;
                    let counts = Counts { inputs, outputs };
                    let shape = LayerShape {
                        group: COMPONENTS,
                        counts,
                        rows,
                        mels,
                    };
                    let chosen = Method::fastest(shape, CacheLevel::Third, set);
                    let contenders = layer(shape, pools, set);
                    let products = 16 * inputs * outputs * 9 * rows * mels;
                    let title = format!(
                        "Layer ({title}): {} → {} channels, {rows} × {mels}, {:.1} M multiply-adds, \
                         the rule takes {chosen:?}",
                        COMPONENTS * inputs,
                        COMPONENTS * outputs,
                        products as f64 / 1e6,
                    );
                    tables.push(Table::new(&title, time(name, contenders, self.effort)));
                    inputs = outputs;
                }
                if block.pools {
                    (rows, mels) = ((rows / 2).max(1), mels / 2);
                }
            }
        }
        tables
    }

    /// A step of training, in samples a second of processor time.
    pub(crate) fn training(&self) -> Result<Vec<Table>> {
        let (name, net, _) = self.shapes().swap_remove(0);
        let (batch, frames) = if self.quick { (2, 40) } else { (16, FRAMES) };
        let mut tables = Vec::new();
        for threads in [1, 2] {
            let pool = Rc::new(
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()?,
            );
            let mut contenders: Named<'_> = Vec::new();
            for (what, net) in [("quaternion", net.clone()), ("real", net.clone().real())] {
                let mut training = BareTraining::new(&net, 1)?;
                let x = numbers(batch * COMPONENTS * frames * MELS, 3);
                let x = Tensor::from_vec(x, (batch, COMPONENTS, frames, MELS), &Device::Cpu)?;
                let targets = vec![1.0 / net.labels as f32; batch * net.labels];
                let targets = Tensor::from_vec(targets, (batch, net.labels), &Device::Cpu)?;
                let pool = pool.clone();
                let run = Ours(move || {
                    pool.install(|| training.step(&x, &targets))?;
                    Ok(())
                });
                contenders.push((format!("ours, {what}"), Box::new(run)));
            }
            if let Some(python) = self.python {
                let mut shape = shape(&net, frames, self.folder);
                shape["batch"] = json!(batch);
                shape["labels"] = json!(net.labels);
                shape["threads"] = json!(threads);
                let peers = Peers::start(python, &[])?;
                match Peers::make(&peers, "training", &shape) {
                    Ok(peer) => {
                        contenders.push(("PyTorch channels_last, real".into(), Box::new(peer)));
                    }
                    Err(error) => eprintln!("without PyTorch: {error:#}"),
                }
            }
            let title = format!(
                "A training step of {batch} clips of {frames} frames, {threads} threads: {name}"
            );
            tables.push(Table::new(
                &title,
                time("training", contenders, self.effort),
            ));
        }
        Ok(tables)
    }
}

/// The network that the Python process exported for ONNX Runtime.
fn tract(path: &Path, frames: usize) -> Result<Box<dyn Contender>> {
    let net = OnnxNet::open(path, &[1, COMPONENTS, frames, MELS])?;
    let input = numbers(COMPONENTS * frames * MELS, 5);
    Ok(Box::new(Ours(move || {
        std::hint::black_box(net.run(&input)?);
        Ok(())
    })))
}

fn layer(shape: LayerShape, pools: bool, set: InstructionSet) -> Named<'static> {
    let (inputs, outputs) = (
        COMPONENTS * shape.counts.inputs,
        COMPONENTS * shape.counts.outputs,
    );
    let weights = numbers(outputs * shape.counts.inputs * 9, 3);
    let (scale, shift) = (vec![1.0; outputs], vec![0.0; outputs]);
    let halved = |size: usize| if pools { size / 2 } else { size };
    Method::ALL
        .into_iter()
        .filter(|method| method.runs_on(set, shape.group))
        .map(|method| {
            let convolution = Convolution {
                weights: KernelWeights::Quaternion(&weights),
                counts: shape.counts,
                scale: &scale,
                shift: &shift,
                relu: true,
                pools,
            };
            let packed = PackedConvolution::new(convolution, shape.mels, method, set);
            let input = Map::new(inputs, shape.rows, shape.mels, set);
            let mut output = Map::new(outputs, halved(shape.rows), halved(shape.mels), set);
            let mut workspace = Workspace::default();
            let name = format!("{method:?}, weights of {} kB", packed.size_bytes() >> 10);
            let run = Ours(move || {
                packed.run(&input, shape.rows, &mut output, &mut workspace);
                Ok(())
            });
            (name, Box::new(run) as Box<dyn Contender>)
        })
        .collect()
}
