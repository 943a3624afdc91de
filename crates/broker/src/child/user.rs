//! As whom the child runs, when that is somebody else: read from `/etc/passwd`, as users of services are.

use super::environment::Variable;

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its number.
    pub uid: u32,
    /// The number of its primary group.
    pub gid: u32,
    name: String,
    home: String,
    shell: String,
}

/// Why nobody is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UserError {
    /// Neither a name nor a number of the file.
    #[error("/etc/passwd has no user `{0}`")]
    Unknown(String),
    /// That would part nothing from nothing.
    #[error("the child would be root, who can read everything that the broker can")]
    Root,
}

impl User {
    /// Finds a user by name or number in a text as `/etc/passwd` has it (passwd(5)).
    ///
    /// # Errors
    ///
    /// [`UserError`].
    pub fn find(passwd: &str, wanted: &str) -> Result<Self, UserError> {
        let mut users = passwd.lines().filter_map(Self::read);
        let user = users
            .find(|user| user.name == wanted || user.uid.to_string() == wanted)
            .ok_or_else(|| UserError::Unknown(wanted.to_owned()))?;
        if user.uid == 0 {
            return Err(UserError::Root);
        }
        Ok(user)
    }

    fn read(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let _password = fields.next()?;
        let uid = fields.next()?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        let _comment = fields.next()?;
        let home = fields.next()?.to_owned();
        let shell = fields.next()?.to_owned();
        Some(Self {
            uid,
            gid,
            name,
            home,
            shell,
        })
    }

    /// What a login would tell it about itself.
    pub fn variables(&self) -> [Variable; 4] {
        [
            ("HOME", &self.home),
            ("USER", &self.name),
            ("LOGNAME", &self.name),
            ("SHELL", &self.shell),
        ]
        .map(|(name, value)| (name.into(), value.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n# a comment\nmayor:x:1001:1002:The mayor,,,:/srv/mayor:/bin/sh\n";

    #[test]
    fn a_user_is_found_by_name_and_by_number() {
        let mayor = User::find(PASSWD, "mayor").unwrap();
        assert_eq!((mayor.uid, mayor.gid), (1001, 1002));
        assert_eq!(User::find(PASSWD, "1001"), Ok(mayor.clone()));
        assert!(
            mayor
                .variables()
                .contains(&("HOME".into(), "/srv/mayor".into()))
        );
        assert_eq!(
            User::find(PASSWD, "clerk"),
            Err(UserError::Unknown("clerk".into()))
        );
        assert_eq!(User::find(PASSWD, "0"), Err(UserError::Root));
    }
}
