//! nginx as a plain proxy to the same upstream: what a request costs when nobody asks who sent it.
//!
//! The configuration is nginx's best for this work: connections to the upstream are kept, bodies stay in memory, nothing
//! is logged, and answers are passed on as they come, as a streaming proxy must.

use super::child::Child;
use super::place::{free_port, wait_until_open};
use anyhow::{Context, Result};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

#[derive(Debug)]
pub(super) struct Nginx {
    pub(super) child: Child,
    pub(super) address: SocketAddr,
    pub(super) version: String,
}

/// Its version, when it is on PATH.
fn version() -> Option<String> {
    let output = Command::new("nginx").arg("-v").output().ok()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(said.trim().rsplit('/').next()?.to_owned())
}

impl Nginx {
    /// Starts it in `folder`; `None` when it is not installed.
    pub(super) fn start(
        folder: &Path,
        upstream: SocketAddr,
        workers: usize,
    ) -> Result<Option<Self>> {
        let Some(version) = version() else {
            return Ok(None);
        };
        let folder = folder.join("nginx");
        fs::create_dir(&folder).context("cannot make nginx's folder")?;
        let address = free_port()?;
        let file = folder.join("nginx.conf");
        fs::write(&file, configuration(&folder, address, upstream, workers))?;
        let mut command = Command::new("nginx");
        command.arg("-p").arg(&folder).arg("-c").arg(&file);
        command.arg("-e").arg(folder.join("error.log"));
        let mut child = Child::start("nginx", &mut command)?;
        wait_until_open(&mut child, address)?;
        Ok(Some(Self {
            child,
            address,
            version,
        }))
    }
}

fn configuration(
    folder: &Path,
    address: SocketAddr,
    upstream: SocketAddr,
    workers: usize,
) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "daemon off;
worker_processes {workers};
worker_rlimit_nofile 65536;
pid {folder}/pid;
events {{ worker_connections 32768; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    client_max_body_size 40m;
    client_body_buffer_size 1m;
{temporary}    upstream provider {{
        server {upstream};
        keepalive 512;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {address};
        location / {{
            proxy_pass http://provider;
            proxy_http_version 1.1;
            proxy_set_header Connection \"\";
            proxy_buffering off;
            proxy_read_timeout 600s;
        }}
    }}
}}
"
    )
}
