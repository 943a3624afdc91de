//! `portunus-bench run`: sets the stage, plays the scenarios, judges, prints.
//!
//! A scenario is one file under `scenarios`; it measures through [`stage`] and [`measure`] and says what it found in
//! [`figures`].

mod child;
mod figures;
mod measure;
mod nginx;
mod place;
mod plane;
mod proc;
mod record;
mod scenarios;
mod stage;
mod surroundings;
mod table;

use crate::args::RunArgs;
use crate::seed;
use anyhow::{Result, bail};
use figures::Figures;
use stage::{ORDINARY, Served, Size, Stage};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tempfile::TempDir;

/// How much is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effort {
    /// Just so that everything runs once.
    Smoke,
    /// About a minute.
    Quick,
    /// Several minutes.
    Full,
}

impl Effort {
    /// How long one load lasts.
    pub(crate) const fn lasts(self) -> Duration {
        Duration::from_millis(match self {
            Self::Smoke => 200,
            Self::Quick => 600,
            Self::Full => 2000,
        })
    }

    /// How often every way is taken.
    pub(crate) const fn rounds(self) -> usize {
        match self {
            Self::Smoke => 1,
            Self::Quick => 3,
            Self::Full => 5,
        }
    }
}

/// What every scenario works with.
#[derive(Debug)]
pub(crate) struct Bench {
    stage: Stage,
    binary: PathBuf,
    effort: Effort,
    figures: Figures,
    /// A plane with a large fleet; seeding takes a while, so it is made once.
    fleet: Option<Served>,
    /// Where the fleet lives.
    fleet_folder: TempDir,
}

impl Bench {
    /// How many agents a large fleet has.
    fn fleet_size(&self) -> usize {
        match self.effort {
            Effort::Smoke => 100,
            Effort::Quick | Effort::Full => 100_000,
        }
    }

    /// Works with a plane that has a large fleet and two keys.
    fn with_fleet(
        &mut self,
        work: impl FnOnce(&mut Self, &mut Served) -> Result<()>,
    ) -> Result<()> {
        let mut fleet = match self.fleet.take() {
            Some(fleet) => fleet,
            None => self.seed()?,
        };
        let done = work(self, &mut fleet);
        self.fleet = Some(fleet);
        done
    }

    fn seed(&self) -> Result<Served> {
        let size = Size {
            agents: self.fleet_size(),
            ..ORDINARY
        };
        let home = self.fleet_folder.path().join("fleet");
        Served::seeded(&self.binary, &home, self.stage.upstream, size)
    }
}

/// Measures, prints, judges.
pub(crate) fn run(args: &RunArgs) -> Result<ExitCode> {
    let effort = match (args.smoke, args.quick) {
        (true, _) => Effort::Smoke,
        (_, true) => Effort::Quick,
        _ => Effort::Full,
    };
    let binary = binary(args)?;
    let chosen = scenarios::chosen(&args.only)?;
    let mut figures = Figures::default();
    surroundings::describe(&mut figures, effort);
    let stage = Stage::set(&binary)?;
    match &stage.nginx {
        Some(nginx) => figures
            .about
            .push(("nginx".to_owned(), nginx.version.clone())),
        None => figures.note("nginx is not on PATH: no ratio to it was measured"),
    }
    if args.hold {
        return hold(&stage);
    }
    let mut bench = Bench {
        stage,
        binary,
        effort,
        figures,
        fleet: None,
        fleet_folder: seed::folder_in_memory()?,
    };
    // What the others found took minutes; one that breaks off must not cost it.
    let mut broken = Vec::new();
    for scenario in chosen {
        eprintln!("measuring: {}", scenario.name);
        if let Err(error) = (scenario.play)(&mut bench) {
            eprintln!("scenario `{}` broke off: {error:#}", scenario.name);
            broken.push(scenario.name);
        }
    }
    surroundings::after(&mut bench.figures);
    if !broken.is_empty() {
        let names = broken.join(", ");
        bench.figures.note(format!("broke off: {names}"));
    }
    let told = tell(args, effort, &bench.figures)?;
    Ok(if broken.is_empty() {
        told
    } else {
        ExitCode::FAILURE
    })
}

fn tell(args: &RunArgs, effort: Effort, figures: &Figures) -> Result<ExitCode> {
    if effort == Effort::Smoke {
        println!("the bench works; nothing was measured or judged");
        return Ok(ExitCode::SUCCESS);
    }
    if args.json {
        println!("{}", serde_json::to_string_pretty(figures)?);
    } else {
        println!("{}", table::render(figures));
    }
    if let Some(document) = &args.record {
        record::record(document, &table::render(figures))?;
    }
    if args.judge && !figures.all_met() {
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn binary(args: &RunArgs) -> Result<PathBuf> {
    let beside = || Ok(std::env::current_exe()?.with_file_name("portunus"));
    let binary = args.binary.clone().map_or_else(beside, anyhow::Ok)?;
    if !binary.exists() {
        bail!(
            "{} does not exist; build it, or name one with --binary",
            binary.display()
        );
    }
    Ok(binary)
}

/// For a profiler: everything stands, and nothing is measured.
fn hold(stage: &Stage) -> Result<ExitCode> {
    let plane = &stage.served.plane;
    println!("upstream  {}", stage.upstream);
    println!("plane     {} pid {}", plane.address, plane.child.pid());
    if let Some(nginx) = &stage.nginx {
        println!("nginx     {} pid {}", nginx.address, nginx.child.pid());
    }
    println!("tokens    {}", stage.served.tokens.display());
    println!(
        "load      portunus-bench load --target {} --tokens {}",
        plane.address,
        stage.served.tokens.display()
    );
    println!("It stands until standard input ends.");
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(ExitCode::SUCCESS)
}
