//! Notifications: what an agent wants operators to know. Who it is from is what the credential proves; what it says is text,
//! which whoever shows it makes harmless for the place where it is shown.

mod content;
mod link;
pub mod terms;

pub use content::{Body, BodyError, MAX_BODY_BYTES, MAX_TITLE_CHARACTERS, Title, TitleError};
pub use link::{Link, LinkError, MAX_LINK_BYTES};

use crate::ids::{AgentId, NotificationId};
use crate::name::Slug;
use crate::time::Timestamp;

/// How soon somebody should look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// When there is time.
    Low,
    /// In the course of the day.
    #[default]
    Normal,
    /// Soon.
    High,
    /// At once.
    Urgent,
}

impl Priority {
    /// Every priority, from the least.
    pub const ALL: [Self; 4] = [Self::Low, Self::Normal, Self::High, Self::Urgent];

    /// As it is stored and told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// The priority of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == name)
    }

    /// Those that are this one or more.
    pub fn and_above(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |one| *one >= self)
    }
}

/// Who notifies, as the credential proved it. The name is that of the time when it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Which agent; it may be gone.
    pub agent: AgentId,
    /// Its name.
    pub name: Slug,
}

/// A notification before it has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: NotificationId,
    /// Who notifies.
    pub source: Source,
    /// What it is about.
    pub title: Title,
    /// What else there is to say.
    pub body: Option<Body>,
    /// How soon somebody should look.
    pub priority: Priority,
    /// Where there is more to see.
    pub link: Option<Link>,
    /// When it is written.
    pub at: Timestamp,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Greater than that of any before it, in the order in which readers can see them.
    pub number: u64,
    /// Its id.
    pub id: NotificationId,
    /// Who notifies.
    pub source: Source,
    /// What it is about.
    pub title: Title,
    /// What else there is to say.
    pub body: Option<Body>,
    /// How soon somebody should look.
    pub priority: Priority,
    /// Where there is more to see.
    pub link: Option<Link>,
    /// When it was written.
    pub at: Timestamp,
}

impl Draft {
    /// The notification that it becomes under this number.
    #[must_use]
    pub fn numbered(self, number: u64) -> Notification {
        Notification {
            number,
            id: self.id,
            source: self.source,
            title: self.title,
            body: self.body,
            priority: self.priority,
            link: self.link,
            at: self.at,
        }
    }
}

/// Whether an operator has read a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadState {
    /// Not yet.
    Unread,
    /// Yes.
    Read,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_ordered_and_read_back() {
        for priority in Priority::ALL {
            assert_eq!(Priority::from_name(priority.as_str()), Some(priority));
        }
        assert_eq!(Priority::from_name("Urgent"), None);
        let above: Vec<_> = Priority::High.and_above().collect();
        assert_eq!(above, [Priority::High, Priority::Urgent]);
    }
}
