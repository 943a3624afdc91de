//! The plane of the demonstration: the one that `serve` runs, on a free loopback port and a directory that is
//! removed afterwards.

use crate::config;
use crate::serve::{self, Running};
use anyhow::Context;
use portunus_core::base62;
use std::net::SocketAddr;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A running plane and what it needs to be torn down again.
pub(super) struct Stage {
    /// Nothing only between two runs, or when the second could not begin.
    running: Option<Running>,
    address: SocketAddr,
    operator_token: Zeroizing<String>,
    data_dir: TemporaryDir,
}

impl Stage {
    /// Starts the plane on a new, empty data directory.
    pub(super) async fn open() -> anyhow::Result<Self> {
        let data_dir = TemporaryDir::fresh()?;
        let settings = config::loopback_settings(data_dir.0.clone());
        let mut operator_token = Zeroizing::new(String::new());
        let running = serve::start(settings, |token, _| {
            token.expose().clone_into(&mut operator_token);
            Ok(())
        })
        .await?;
        Ok(Self {
            address: running.address(),
            running: Some(running),
            operator_token,
            data_dir,
        })
    }

    /// Scheme, host and port of the plane.
    pub(super) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first operator's token.
    pub(super) fn operator_token(&self) -> &str {
        &self.operator_token
    }

    /// Stops the plane as SIGTERM does and starts it again, where it was and on what it knew.
    pub(super) async fn restart(&mut self) -> anyhow::Result<()> {
        self.stop().await?;
        let mut settings = config::loopback_settings(self.data_dir.0.clone());
        settings.listen = self.address;
        self.running = Some(serve::start(settings, |_, _| Ok(())).await?);
        Ok(())
    }

    /// Drains the plane and removes its data.
    pub(super) async fn close(mut self) -> anyhow::Result<()> {
        self.stop().await
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(running) = self.running.take() {
            running.stop().await?;
        }
        Ok(())
    }
}

/// A directory under the system's temporary one, removed when dropped.
struct TemporaryDir(PathBuf);

impl TemporaryDir {
    fn fresh() -> anyhow::Result<Self> {
        let mut random = [0_u8; 16];
        getrandom::fill(&mut random).context("the system gives no randomness")?;
        let name = format!("portunus-demo-{}", base62::encode(&random, 22));
        Ok(Self(std::env::temp_dir().join(name)))
    }
}

impl Drop for TemporaryDir {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
