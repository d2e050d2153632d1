// SPDX-License-Identifier: Apache-2.0

/// One image in the `manifest.json` of what `docker save` writes. Source: Docker image specification 1.2, "Combined image JSON".
public struct DockerArchiveImage: Codable, Hashable, Sendable {
    /// The path of the configuration in the archive.
    public var config: String
    public var repoTags: [String]?
    /// Paths of the layers in the archive, lowest first.
    public var layers: [String]

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case repoTags = "RepoTags"
        case layers = "Layers"
    }
}

/// The file `repositories` of archives older than Docker 1.10, which have no `manifest.json`: repository → tag → id of the top layer.
public typealias DockerRepositories = [String: [String: String]]

/// What of the file `ID/json` says how layers of such an archive lie on each other. Source: Docker image specification 1.0.
public struct DockerLegacyLayer: Codable, Hashable, Sendable {
    public var id: String
    public var parent: String?
    public var architecture: String?
    public var os: String?
    public var config: ImageConfiguration.Execution?
}
