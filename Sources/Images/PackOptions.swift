// SPDX-License-Identifier: Apache-2.0

/// What ``ImagePacker`` writes into an image beside its files.
public struct PackOptions: Hashable, Sendable {
    /// Becomes ENTRYPOINT: the user's `--command`.
    public var command: [String] = []
    /// Becomes CMD: the user's `--args`.
    public var arguments: [String] = []
    /// Becomes EXPOSE and the environment's `PORT`.
    public var port: UInt16?
    /// `NAME=value`.
    public var environment: [String] = []
    public var workingDirectory: String?
    public var user: String?
    /// The reference the archive carries, for example `hello:1`; nil writes none.
    public var name: String?
    /// Files newer than this are dated to it, in seconds of Unix time: the meaning of SOURCE_DATE_EPOCH. Nil keeps each file's own time.
    public var newestTime: Int64?
    /// Nil keeps each file's own owner; otherwise every file belongs to this user and group.
    public var owner: UInt32? = 0

    public init() {}
}
