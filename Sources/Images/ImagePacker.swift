// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Glibc
import LinuxSystem
import OCI

/// Makes an image archive from a directory, so that nobody needs another tool to start.
public enum ImagePacker {
    /// Writes an OCI archive with one layer, compressed with gzip. The same files and options give the same bytes.
    ///
    /// - Parameters:
    ///   - directory: becomes the root of the image.
    ///   - output: the archive; it is replaced in one step once all of it is on disk.
    /// - Throws: ``ServiceError`` naming the file that cannot be read or written.
    public static func pack(directory: String, options: PackOptions, to output: String) throws {
        do {
            if let name = options.name { _ = try ImageReference(name) }
            try OutputArchive.write(output) { archive in
                let layer = try addLayer(directory, options, to: archive)
                try addDocuments(layer, options, to: archive)
                try archive.finish()
            }
        } catch { throw ServiceError.image(error, while: "packing \(directory)") }
    }

    /// Writes the tar of an OCI layout that lies unpacked in a directory, so that it can be loaded.
    ///
    /// - Throws: ``ServiceError`` where the directory has no `oci-layout`, or naming the file that cannot be read or written.
    public static func archive(layout directory: String, to output: String) throws {
        do {
            guard access(directory + "/oci-layout", R_OK) == 0 else {
                throw ServiceError.invalidArgument("\(directory) is not an OCI layout: it has no file 'oci-layout'")
            }
            try OutputArchive.write(output) { archive in
                var walk = FolderWalk(root: directory, options: PackOptions())
                try walk.run { member, content in try archive.add(member, content: content) }
                try archive.finish()
            }
        } catch { throw ServiceError.image(error, while: "reading \(directory)") }
    }

    private static func addLayer(
        _ directory: String, _ options: PackOptions, to archive: OutputArchive
    ) throws -> (diffID: Digest, digest: Digest, size: UInt64) {
        // The layer's name is its digest and its header its size: both are known at its end, so it is compressed into a file of its own first.
        let scratch = try archive.scratchFile()
        let writer = try GzipWriter { try scratch.append($0) }
        var walk = FolderWalk(root: directory, options: options)
        try walk.run { member, content in
            try writer.append(TarWriter.header(member))
            guard let content, case .file(let size) = member.kind else { return }
            try copy(content, size: size, member) { try writer.append($0) }
            try writer.append(TarWriter.padding(size))
        }
        try writer.append(TarWriter.end)
        let digests = try writer.finish()
        try archive.add(
            TarMember(path: Array("blobs/sha256/\(digests.compressed.hex)".utf8), kind: .file(size: writer.compressedBytes)),
            content: scratch.descriptor)
        return (digests.plain, digests.compressed, writer.compressedBytes)
    }

    private static func addDocuments(
        _ layer: (diffID: Digest, digest: Digest, size: UInt64), _ options: PackOptions, to archive: OutputArchive
    ) throws {
        var execution = ImageConfiguration.Execution()
        execution.entrypoint = options.command.isEmpty ? nil : options.command
        execution.cmd = options.arguments.isEmpty ? nil : options.arguments
        execution.exposedPorts = options.port.map { ["\($0)/tcp": [:]] }
        let port = options.port.map { ["PORT=\($0)"] } ?? []
        let environment = (options.environment.contains { $0.hasPrefix("PORT=") } ? [] : port) + options.environment
        let path =
            environment.contains { $0.hasPrefix("PATH=") } ? [] : ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        execution.env = path + environment
        execution.workingDir = options.workingDirectory
        execution.user = options.user
        let configuration = ImageConfiguration(
            architecture: Platform.current.architecture, os: Platform.current.os, config: execution,
            rootfs: ImageConfiguration.RootFileSystem(diffIDs: [layer.diffID]))
        let config = try addBlob(configuration, type: MediaType.config, to: archive)
        let layerDescriptor = OCI.Descriptor(mediaType: MediaType.gzipLayer, digest: layer.digest, size: Int64(layer.size))
        var manifest = try addBlob(
            Manifest(mediaType: MediaType.manifest, config: config, layers: [layerDescriptor]), type: MediaType.manifest, to: archive)
        manifest.platform = Platform.current
        if let name = try options.name.map({ try ImageReference($0) }) {
            manifest.annotations = ["org.opencontainers.image.ref.name": name.description, "io.containerd.image.name": name.full]
        }
        try archive.add(path: "index.json", try json(ImageIndex(manifests: [manifest])))
        try archive.add(path: "oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
    }

    private static func addBlob(_ document: some Encodable, type: String, to archive: OutputArchive) throws -> OCI.Descriptor {
        let bytes = try json(document)
        let digest = ContentHash.of(bytes)
        try archive.add(path: "blobs/sha256/\(digest.hex)", bytes)
        return OCI.Descriptor(mediaType: type, digest: digest, size: Int64(bytes.count))
    }

    private static func json(_ document: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(document))
    }
}
