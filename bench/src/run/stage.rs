//! What stands on loopback during a measurement: the upstream, the plane before it, nginx beside the plane.

use super::child::Child;
use super::nginx::Nginx;
use super::plane::{CONFIGURATION, Plane};
use crate::load::Report;
use crate::upstream::Wish;
use anyhow::{Context, Result, bail};
use std::cell::Cell;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Which way requests take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Straight to the upstream.
    Direct,
    /// Through nginx.
    Nginx,
    /// Through the plane.
    Portunus,
}

impl Way {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Nginx => "nginx",
            Self::Portunus => "portunus",
        }
    }
}

/// One kind of load.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) wish: Wish,
    pub(super) body_bytes: usize,
    pub(super) connections: usize,
    pub(super) lasts: Duration,
    pub(super) requests: Option<u64>,
    pub(super) rate: Option<f64>,
}

/// The plane and its agents' tokens, for one number of agents and keys.
#[derive(Debug)]
pub(super) struct Served {
    pub(super) plane: Plane,
    pub(super) tokens: PathBuf,
    /// Requests that were sent to it.
    sent: Cell<u64>,
}

impl Served {
    /// A new plane in `home`, whose agents are made by its command line.
    pub(super) fn set(
        binary: &Path,
        home: &Path,
        upstream: SocketAddr,
        size: Size,
    ) -> Result<Self> {
        Self::configured(binary, home, upstream, size, "")
    }

    /// The same with a configuration file.
    pub(super) fn configured(
        binary: &Path,
        home: &Path,
        upstream: SocketAddr,
        size: Size,
        configuration: &str,
    ) -> Result<Self> {
        fs::create_dir(home)?;
        fs::write(home.join(CONFIGURATION), configuration)?;
        let plane = Plane::start(binary, home)?;
        plane.give_keys(upstream, size.keys)?;
        plane.give_budgets()?;
        let tokens = home.join("tokens");
        fs::write(&tokens, plane.agents(size.agents)?.join("\n"))?;
        Ok(Self::of(plane, tokens))
    }

    /// A new plane in `home`, whose agents are put into its store while it is stopped; a fleet, that is.
    pub(super) fn seeded(
        binary: &Path,
        home: &Path,
        upstream: SocketAddr,
        size: Size,
    ) -> Result<Self> {
        fs::create_dir(home)?;
        let mut plane = Plane::start(binary, home)?;
        plane.give_keys(upstream, size.keys)?;
        plane.give_budgets()?;
        plane.child.stop();
        let tokens = home.join("tokens");
        let mut seed = this_program()?;
        seed.arg("seed").arg("--data-dir").arg(home.join("data"));
        seed.args(["--agents", &size.agents.to_string()])
            .arg("--tokens")
            .arg(&tokens);
        Child::start("the seeding", &mut seed)?.finish()?;
        let plane = Plane::start(binary, home)?;
        // It answers at once and goes on reading its fleet into memory, which is nobody's request.
        plane.child.rest()?;
        Ok(Self::of(plane, tokens))
    }

    const fn of(plane: Plane, tokens: PathBuf) -> Self {
        Self {
            plane,
            tokens,
            sent: Cell::new(0),
        }
    }

    /// How many requests were sent to it by [`Stage::load`].
    pub(super) fn sent(&self) -> u64 {
        self.sent.get()
    }
}

/// Everything that stands. What is ended first is declared first.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) served: Served,
    pub(super) nginx: Option<Nginx>,
    pub(super) upstream: SocketAddr,
    _upstream: Child,
    pub(super) folder: tempfile::TempDir,
}

/// How large a plane is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) agents: usize,
    pub(super) keys: usize,
}

/// The plane that most loads go through.
pub(super) const ORDINARY: Size = Size {
    agents: 10,
    keys: 2,
};

impl Stage {
    /// Sets everything up, with an ordinary plane.
    pub(super) fn set(binary: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = this_program()?;
        let mut child = Child::start("the upstream", command.arg("upstream"))?;
        let upstream: SocketAddr = child
            .line()?
            .parse()
            .context("the upstream printed no address")?;
        let workers = std::thread::available_parallelism()?.get();
        let nginx = Nginx::start(folder.path(), upstream, workers)?;
        let served = Served::set(binary, &folder.path().join("plane"), upstream, ORDINARY)?;
        Ok(Self {
            folder,
            upstream,
            _upstream: child,
            nginx,
            served,
        })
    }

    /// The ways that there are here.
    pub(super) fn ways(&self) -> Vec<Way> {
        let nginx = self.nginx.as_ref().map(|_| Way::Nginx);
        [Some(Way::Direct), nginx, Some(Way::Portunus)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// One run of the load generator, with the processor time of what it went through.
    pub(super) fn load(&self, way: Way, load: &Load) -> Result<(Report, Duration)> {
        let (target, proxy) = match (way, &self.nginx) {
            (Way::Direct, _) => (self.upstream, None),
            (Way::Nginx, Some(nginx)) => (nginx.address, Some(&nginx.child)),
            (Way::Nginx, None) => bail!("nginx is not on PATH"),
            (Way::Portunus, _) => return self.load_plane(&self.served, load),
        };
        generate(target, &self.served.tokens, load, proxy)
    }

    /// The same through any plane.
    pub(super) fn load_plane(&self, served: &Served, load: &Load) -> Result<(Report, Duration)> {
        let plane = &served.plane;
        let (report, cpu) = generate(plane.address, &served.tokens, load, Some(&plane.child))?;
        let sent = report.served + report.refused + report.failed;
        served.sent.set(served.sent.get() + sent);
        Ok((report, cpu))
    }
}

fn generate(
    target: SocketAddr,
    tokens: &Path,
    load: &Load,
    proxy: Option<&Child>,
) -> Result<(Report, Duration)> {
    let before = proxy.map(Child::cpu).transpose()?.unwrap_or_default();
    let mut child = Child::start(
        "the load generator",
        &mut generator("load", target, tokens, load)?,
    )?;
    let line = child.line()?;
    child.finish()?;
    let after = proxy.map(Child::cpu).transpose()?.unwrap_or_default();
    let report = serde_json::from_str(&line).context("the load generator printed no report")?;
    Ok((report, after.saturating_sub(before)))
}

/// The command line of a load generator.
pub(super) fn generator(
    kind: &str,
    target: SocketAddr,
    tokens: &Path,
    load: &Load,
) -> Result<Command> {
    let mut command = this_program()?;
    command
        .arg(kind)
        .args(["--target", &target.to_string()])
        .arg("--tokens")
        .arg(tokens)
        .args(["--wish", &load.wish.to_string()])
        .args(["--body-bytes", &load.body_bytes.to_string()])
        .args(["--connections", &load.connections.to_string()])
        .args(["--seconds", &load.lasts.as_secs_f64().to_string()]);
    if let Some(requests) = load.requests {
        command.args(["--requests", &requests.to_string()]);
    }
    if let Some(rate) = load.rate {
        command.args(["--rate", &rate.to_string()]);
    }
    Ok(command)
}

/// This program, for another of its commands.
pub(super) fn this_program() -> Result<Command> {
    Ok(Command::new(std::env::current_exe()?))
}
