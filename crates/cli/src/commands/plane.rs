//! The plane as a command sees it: a client, and the reader for whom answers are written.

use crate::args::Reach;
use crate::client::{Answer, Client, Remarks, Target, Wanted};
use crate::config::ProcessEnvironment;
use crate::failure::{Failure, Kind};
use crate::output::{self, Reader};
use portunus_api::List;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::ops::Deref;

/// A plane that can be asked.
#[derive(Debug)]
pub(crate) struct Plane {
    client: Client,
    reader: Reader,
}

impl Deref for Plane {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Plane {
    /// The plane that `reach` and the environment mean.
    pub(crate) fn reach(reach: &Reach) -> Result<Self, Failure> {
        let target = Target::find(reach, &ProcessEnvironment)?;
        let (reader, remarks) = match reach.json {
            true => (Reader::Program, Remarks::None),
            false => (Reader::Person, Remarks::Made),
        };
        let client = Client::new(target)?.with_remarks(remarks);
        Ok(Self { client, reader })
    }

    /// Writes an answer: as it came for programs, in words for people.
    pub(crate) fn show<T: DeserializeOwned>(
        &self,
        answer: &Answer,
        words: impl FnOnce(T) -> String,
    ) -> Result<(), Failure> {
        match self.reader {
            Reader::Program => output::print_json(answer.json()),
            Reader::Person => output::print(&words(answer.read()?)),
        }
    }

    /// Writes a value that was put together from several answers.
    pub(crate) fn show_value<T: Serialize>(
        &self,
        value: &T,
        words: impl FnOnce(&T) -> String,
    ) -> Result<(), Failure> {
        match self.reader {
            Reader::Program => {
                let json = serde_json::to_vec(value).map_err(anyhow::Error::new)?;
                output::print_json(&json)
            }
            Reader::Person => output::print(&words(value)),
        }
    }

    /// Reads a list and writes it: `{items, next_cursor}` for programs, a table for people.
    pub(crate) async fn show_list<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
        wanted: &Wanted,
        words: impl FnOnce(&[T]) -> String,
    ) -> Result<(), Failure> {
        let list = self.client.list(path, query, wanted).await?;
        if self.reader == Reader::Program {
            return self.show_value(&list, |_| String::new());
        }
        let list = typed(list)?;
        output::print(&words(&list.items))?;
        if let Some(cursor) = list.next_cursor {
            output::remark(&format!("There is more: add --cursor {cursor}"));
        }
        Ok(())
    }

    /// The client alone, without remarks: a whole screen may be shown.
    pub(crate) fn into_client(self) -> Client {
        self.client.with_remarks(Remarks::None)
    }

    /// Whether a person reads.
    pub(crate) fn is_for_people(&self) -> bool {
        self.reader == Reader::Person
    }
}

/// The items of a list in their type.
pub(crate) fn typed<T: DeserializeOwned>(
    list: List<Box<serde_json::value::RawValue>>,
) -> Result<List<T>, Failure> {
    let items = list
        .items
        .iter()
        .map(|item| serde_json::from_str(item.get()))
        .collect::<Result<_, _>>()
        .map_err(|error| {
            Failure::new(
                Kind::General,
                format!("the plane's answer cannot be read: {error}"),
            )
            .fix("use a portunus of the plane's version")
        })?;
    Ok(List {
        items,
        next_cursor: list.next_cursor,
    })
}
