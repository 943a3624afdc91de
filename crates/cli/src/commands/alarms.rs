//! `portunus alarms`.

use super::plane::{Plane, typed};
use crate::args::alarms::{AlarmsArgs, AlarmsVerb};
use crate::client::{Wanted, escape};
use crate::failure::Failure;
use crate::output::{Table, moment};
use portunus_api::alarms::{AcknowledgeAlarm, Alarm, AlarmAcknowledged};
use serde::Serialize;

/// What was acknowledged, for programs.
#[derive(Debug, Serialize)]
struct Acknowledged {
    items: Vec<Alarm>,
}

/// Runs one verb.
pub(super) async fn run(args: AlarmsArgs) -> Result<(), Failure> {
    let plane = Plane::reach(&args.reach)?;
    match args.verb {
        AlarmsVerb::List { open, page } => {
            let wanted = Wanted {
                limit: page.limit,
                cursor: page.cursor,
            };
            let query = if open { open_ones() } else { Vec::new() };
            plane.show_list("/alarms", &query, &wanted, words).await
        }
        AlarmsVerb::Ack { alarms, all } => {
            let ids = if all {
                every_open(&plane).await?
            } else {
                alarms
            };
            acknowledge(&plane, ids).await
        }
    }
}

fn open_ones() -> Vec<(&'static str, String)> {
    vec![("state", "open".to_owned())]
}

async fn every_open(plane: &Plane) -> Result<Vec<String>, Failure> {
    let all = Wanted {
        limit: None,
        cursor: None,
    };
    let list = plane.list("/alarms", &open_ones(), &all).await?;
    let list = typed::<Alarm>(list)?;
    Ok(list.items.into_iter().map(|alarm| alarm.id).collect())
}

async fn acknowledge(plane: &Plane, ids: Vec<String>) -> Result<(), Failure> {
    let mut items = Vec::new();
    for id in ids {
        let path = format!("/alarms/{}/acknowledge", escape(&id));
        let answer = plane.post(&path, &AcknowledgeAlarm {}).await?;
        items.push(answer.read::<AlarmAcknowledged>()?.alarm);
    }
    plane.show_value(&Acknowledged { items }, |done| {
        let lines = done.items.iter();
        let lines = lines.map(|alarm| format!("Acknowledged {}: {}\n", alarm.id, alarm.says));
        let text: String = lines.collect();
        if text.is_empty() {
            "No alarm is open.\n".to_owned()
        } else {
            text
        }
    })
}

fn words(alarms: &[Alarm]) -> String {
    if alarms.is_empty() {
        return "No alarms.\n".to_owned();
    }
    let mut table = Table::new(&["ID", "LAST", "TIMES", "KIND", "STATE", "WHAT"])
        .wrapping("WHAT")
        .giving_way(&["TIMES", "LAST", "KIND"]);
    for alarm in alarms {
        table.plain_row([
            alarm.id.as_str(),
            &moment::stamp(&alarm.last_at),
            &alarm.count.to_string(),
            &alarm.kind,
            state(alarm),
            &alarm.says,
        ]);
    }
    table.render()
}

const fn state(alarm: &Alarm) -> &'static str {
    match (&alarm.acknowledged_at, &alarm.over_at) {
        (Some(_), _) => "acknowledged",
        (None, Some(_)) => "over",
        (None, None) => "open",
    }
}
