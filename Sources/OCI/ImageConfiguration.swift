// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// The parts of an image's configuration that Swiftlet reads. Labels, volumes and everything else in it mean nothing to the host.
///
/// Source: OCI image specification 1.1, config.md. The keys of `config` are capitalised there.
public struct ImageConfiguration: Codable, Hashable, Sendable {
    public struct Execution: Codable, Hashable, Sendable {
        public var user: String?
        public var exposedPorts: [String: [String: String]]?
        public var env: [String]?
        public var entrypoint: [String]?
        public var cmd: [String]?
        public var workingDir: String?
        public var stopSignal: String?

        public init() {}

        enum CodingKeys: String, CodingKey {
            case user = "User"
            case exposedPorts = "ExposedPorts"
            case env = "Env"
            case entrypoint = "Entrypoint"
            case cmd = "Cmd"
            case workingDir = "WorkingDir"
            case stopSignal = "StopSignal"
        }
    }

    public struct RootFileSystem: Codable, Hashable, Sendable {
        public var type: String
        public var diffIDs: [Digest]

        public init(diffIDs: [Digest]) {
            type = "layers"
            self.diffIDs = diffIDs
        }

        enum CodingKeys: String, CodingKey {
            case type
            case diffIDs = "diff_ids"
        }
    }

    public var architecture: String
    public var os: String
    public var config: Execution?
    public var rootfs: RootFileSystem

    public init(architecture: String, os: String, config: Execution?, rootfs: RootFileSystem) {
        self.architecture = architecture
        self.os = os
        self.config = config
        self.rootfs = rootfs
    }
}
