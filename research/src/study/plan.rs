//! The runs of the study, in the order in which they are made.

use std::path::{Path, PathBuf};

use anyhow::Context;
use toml::{Table, Value};

use hamiltone_training::dataset::Task;
use hamiltone_training::recipe::Recipe;

/// Tasks of the study, with their recipes.
const TASKS: [(Task, &str); 4] = [
    (
        Task::Esc10,
        include_str!("../../../training/recipes/esc10.toml"),
    ),
    (
        Task::Ravdess,
        include_str!("../../../training/recipes/ravdess.toml"),
    ),
    (
        Task::Urbansound8k,
        include_str!("../../../training/recipes/urbansound8k.toml"),
    ),
    (
        Task::Gtzan,
        include_str!("../../../training/recipes/gtzan.toml"),
    ),
];
/// Shares of the filters of the last three blocks that are removed, in percent.
const SHARES: [u32; 3] = [25, 50, 75];
const SCORES: [&str; 4] = ["l1", "geometric-median", "operator-norm", "random"];
/// Tasks on which inputs are compared.
const COMPARES_INPUTS: [Task; 2] = [Task::Esc10, Task::Ravdess];
/// A pruned network is trained for this share of the epochs, at this share of the rate.
const FINE_TUNING: f64 = 0.4;

/// A row of a table: one kind of network.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    /// Folder and name.
    pub(super) name: String,
    /// Differences from the task's recipe, `{base}` standing for the folder of the task and seed.
    settings: String,
    fine_tunes: bool,
}

/// One run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planned {
    pub(super) task: Task,
    pub(super) row: Row,
    pub(super) seed: u64,
}

impl Row {
    fn new(name: impl Into<String>, settings: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            settings: settings.into(),
            fine_tunes: false,
        }
    }

    fn pruned(name: String, pruning: &str) -> Self {
        Self {
            fine_tunes: true,
            ..Self::new(
                name,
                format!(
                    "start.model = '{{base}}/quaternion/fold{{fold}}/model.safetensors'\n{pruning}"
                ),
            )
        }
    }

    /// A network of a pruned one's shape with fresh weights.
    fn of_shape(name: String, share: u32, more: &str) -> Self {
        let shape = format!("{{base}}/pruned-l1-{share}/fold{{fold}}/model.safetensors");
        Self::new(name, format!("shape_of = '{shape}'\n{more}"))
    }

    fn uniform(score: &str, share: u32) -> Self {
        let part = f64::from(share) / 100.0;
        let plan = format!("pruning.plan.uniform = {{ share = {part}, blocks = 3 }}");
        let score_setting = format!("pruning.score = '{score}'\n{plan}");
        Self::pruned(format!("pruned-{score}-{share}"), &score_setting)
    }

    fn distilled(share: u32) -> Self {
        let teacher = "{base}/quaternion/fold{fold}/model.safetensors";
        let more = format!("distillation.teacher = '{teacher}'");
        Self::of_shape(format!("distilled-{share}"), share, &more)
    }
}

/// The rows that the claims rest on.
fn claims() -> Vec<Row> {
    vec![
        Row::new("quaternion", ""),
        Row::new("real", "algebra = 'real'"),
        Row::uniform("l1", 50),
        Row::distilled(50),
        Row::of_shape("untaught-50".to_owned(), 50, ""),
    ]
}

/// The other rows.
fn others() -> Vec<Row> {
    let mut rows: Vec<Row> = SHARES
        .iter()
        .flat_map(|&share| SCORES.map(|score| Row::uniform(score, share)))
        .filter(|row| row.name != "pruned-l1-50")
        .collect();
    rows.push(Row::pruned(
        "pruned-l1-half-the-arithmetic".to_owned(),
        "pruning.score = 'l1'\npruning.plan.global.remaining = 0.5",
    ));
    rows.extend([25, 75].map(Row::distilled));
    rows
}

/// Rows with another input.
fn inputs() -> Vec<Row> {
    ["power-deltas", "mel-deltas", "copies"]
        .map(|name| Row::new(name, format!("components = '{name}'")))
        .into()
}

/// The names of all rows.
pub(super) fn row_names() -> impl Iterator<Item = String> {
    let rows = [claims(), others(), inputs()].into_iter().flatten();
    rows.map(|row| row.name)
}

/// All runs on these tasks (all, if none is named): the claims of every task first, then what is
/// wider, then more seeds for the claims. A run comes after those that it builds on.
pub(super) fn plan(tasks: &[Task], seeds: &[u64]) -> Vec<Planned> {
    let wanted = |task: &Task| tasks.is_empty() || tasks.contains(task);
    let tasks: Vec<Task> = TASKS
        .map(|(task, _)| task)
        .into_iter()
        .filter(wanted)
        .collect();
    let mut all = Vec::new();
    let mut add = |rows: Vec<Row>, seed: u64, only: &dyn Fn(Task) -> bool| {
        for &task in tasks.iter().filter(|task| only(**task)) {
            let planned = rows.iter().cloned().map(|row| Planned { task, row, seed });
            all.extend(planned);
        }
    };
    let (first, more) = seeds
        .split_first()
        .map_or((1, &[][..]), |(s, more)| (*s, more));
    add(claims(), first, &|_| true);
    add(others(), first, &|_| true);
    add(inputs(), first, &|task| COMPARES_INPUTS.contains(&task));
    for &seed in more {
        add(claims(), seed, &|_| true);
    }
    all
}

impl Planned {
    /// The folder of its task and seed.
    fn base(&self, out: &Path) -> PathBuf {
        out.join(self.task.name())
            .join(format!("seed{}", self.seed))
    }

    /// Whether the claims rest on its row.
    pub(super) fn is_claim(&self) -> bool {
        claims().contains(&self.row)
    }

    /// Its own folder.
    pub(super) fn folder(&self, out: &Path) -> PathBuf {
        self.base(out).join(&self.row.name)
    }

    /// Its recipe, with `effort` times the epochs of the task's own.
    ///
    /// # Errors
    /// If the recipe of the task is not valid.
    pub(super) fn recipe(&self, out: &Path, effort: f64) -> anyhow::Result<Recipe> {
        let text = TASKS.iter().find(|(task, _)| *task == self.task);
        let (_, text) = text.context("a task of the study")?;
        let mut settings: Table = text.parse()?;
        let base = self.base(out).display().to_string();
        Recipe::merge(
            &mut settings,
            self.row.settings.replace("{base}", &base).parse()?,
        );
        settings.insert("seed".into(), Value::Integer(self.seed as i64));
        // The records are of crops without late beginnings, and comparisons need one recipe for all.
        Recipe::merge(&mut settings, "augmentation.late_beginnings = 0.0".parse()?);
        let name = format!("{} {}", self.task.name(), self.row.name);
        settings.insert("name".into(), Value::String(name));
        let mut recipe = Recipe::from_settings(settings)?;
        let mut share = effort;
        if self.row.fine_tunes {
            share *= FINE_TUNING;
            recipe.optimisation.learning_rate *= FINE_TUNING;
        }
        recipe.epochs = ((recipe.epochs as f64 * share).round() as usize).max(1);
        Ok(recipe)
    }

    /// The folders of the runs with the networks it needs.
    ///
    /// # Errors
    /// If the recipe of the task is not valid.
    pub(super) fn builds_on(&self, out: &Path, effort: f64) -> anyhow::Result<Vec<PathBuf>> {
        let recipe = self.recipe(out, effort)?;
        let models = [
            recipe.start.map(|start| start.model),
            recipe.shape_of,
            recipe.distillation.map(|distillation| distillation.teacher),
        ];
        let folder = |model: String| {
            let fold = Path::new(&model).parent();
            Some(fold?.parent()?.to_owned())
        };
        Ok(models.into_iter().flatten().filter_map(folder).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_is_valid_and_comes_after_what_it_builds_on() {
        let runs = plan(&[], &[1, 2, 3]);
        assert!(runs.len() > 90);
        let out = Path::new("out");
        for (index, run) in runs.iter().enumerate() {
            for folder in run.builds_on(out, 0.5).unwrap() {
                let made = runs[..index].iter().any(|run| run.folder(out) == folder);
                assert!(
                    made,
                    "{} needs {}",
                    run.folder(out).display(),
                    folder.display()
                );
            }
            let same = runs.iter().filter(|other| *other == run).count();
            assert_eq!(same, 1);
        }
        let first: Vec<&str> = runs[..5].iter().map(|run| run.row.name.as_str()).collect();
        assert_eq!(
            first,
            [
                "quaternion",
                "real",
                "pruned-l1-50",
                "distilled-50",
                "untaught-50"
            ]
        );
    }

    #[test]
    fn tasks_can_be_chosen() {
        let runs = plan(&[Task::Gtzan], &[4]);
        assert!(
            runs.iter()
                .all(|run| run.task == Task::Gtzan && run.seed == 4)
        );
    }
}
