//! `portunus pools`.

use super::keys::out_of_reach;
use super::plane::Plane;
use crate::args::duration::Span;
use crate::args::pools::{PoolsArgs, PoolsVerb, ProtocolArg, SetPool};
use crate::client::escape;
use crate::failure::Failure;
use crate::output::Table;
use portunus_api::pools::{CreatePool, Pool, PoolUpdated, Protocol, UpdatePool};
use portunus_api::{List, Patch};

/// Runs one verb.
pub(super) async fn run(args: PoolsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        PoolsVerb::List => {
            let answer = plane.get("/pools", &[]).await?;
            plane.show(&answer, |pools: List<Pool>| table(&pools.items))
        }
        PoolsVerb::Create {
            name,
            protocol,
            base_url,
            max_wait,
            fallback,
        } => {
            let body = CreatePool {
                name: name.to_string(),
                protocol: match protocol {
                    ProtocolArg::Anthropic => Protocol::Anthropic,
                    ProtocolArg::OpenAi => Protocol::OpenAi,
                },
                base_url,
                max_wait_ms: max_wait.map(|span| span.millis),
                fallback: fallback.map(|pool| pool.to_string()),
            };
            let answer = plane.post("/pools", &body).await?;
            plane.show(&answer, |pool: Pool| {
                let table = table(std::slice::from_ref(&pool));
                format!("Created pool {}.\n\n{table}", pool.name)
            })
        }
        PoolsVerb::Set(change) => set(&plane, change).await,
    }
}

async fn set(plane: &Plane, change: SetPool) -> Result<(), Failure> {
    let body = UpdatePool {
        base_url: change.base_url,
        max_wait_ms: change.max_wait.map(|span| span.millis),
        fallback: match change.fallback {
            Some(pool) => Patch::Set(pool.to_string()),
            None if change.no_fallback => Patch::Clear,
            None => Patch::Keep,
        },
    };
    let path = format!("/pools/{}", escape(change.name.as_str()));
    let answer = plane.patch(&path, &body).await?;
    plane.show(&answer, |updated: PoolUpdated| {
        let pool = &updated.pool.name;
        let mut text = table(std::slice::from_ref(&updated.pool));
        if !updated.quarantined.is_empty() {
            text.push_str(
                "\nThe new upstream has another origin. Give these keys their secret again:\n",
            );
        }
        for label in &updated.quarantined {
            text.push_str(&format!("  portunus keys set {pool}:{label} --secret\n"));
        }
        text
    })
}

fn table(pools: &[Pool]) -> String {
    let mut table = Table::new(&["POOL", "PROTOCOL", "UPSTREAM", "MAX WAIT", "FALLBACK"])
        .giving_way(&["FALLBACK", "MAX WAIT", "PROTOCOL"]);
    for pool in pools {
        let wait = match pool.max_wait_ms {
            0 => "never waits".to_owned(),
            millis => Span { millis }.to_string(),
        };
        table.plain_row([
            pool.name.as_str(),
            pool.protocol.as_str(),
            &pool.base_url,
            &wait,
            pool.fallback.as_deref().unwrap_or("none"),
        ]);
    }
    let missed = pools.iter().filter_map(|pool| pool.unreachable.as_ref());
    table.render() + &out_of_reach::words(missed)
}
