// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LayerArchive
import LinuxSystem
import TarFixtures

/// Unpacks a tar into a folder of the test's own, inside a folder with something outside that must stay as it is.
final class LayerFixture {
    let scratch: Scratch
    var layer: String { scratch.path + "/outer/layer" }

    init() throws {
        scratch = try Scratch()
        try FileManager.default.createDirectory(atPath: layer, withIntermediateDirectories: true)
        _ = try scratch.write(Array("outside\n".utf8), to: "outer/outside")
    }

    /// - Parameters:
    ///   - encoding: how `tar` is compressed, for swiftlet-inflate, whose words come first where it fails.
    ///   - plain: what comes out, where it is compressed.
    @discardableResult
    func unpack(
        _ tar: [UInt8], encoding: String? = nil, plain: [UInt8]? = nil, limits: UnpackLimits = UnpackLimits(), place: RoomPlace? = nil
    ) throws -> LayerContent {
        let path = try scratch.write(tar, to: "blob")
        let plainPath = try scratch.write(plain ?? tar, to: "plain")
        let diffID = String(try run("sha256sum", plainPath).prefix(64))
        let blob = try openAt(currentDirectory, path, flags: O_RDONLY)
        let target = try openDirectory(currentDirectory, layer)
        guard let encoding else {
            return try unpackLayer(
                LayerSource(descriptor: blob.number, offset: 0, length: UInt64(tar.count), form: .plain), into: target.number,
                diffID: diffID, limits: limits, place: place)
        }
        let inflater = try Inflater(
            encoding, length: tar.count, limits: limits, input: FileHandle(forReadingFrom: URL(fileURLWithPath: path)))
        let result = Result {
            try unpackLayer(
                LayerSource(
                    descriptor: inflater.output.fileHandleForReading.fileDescriptor, offset: 0, length: UInt64(tar.count), form: .inflated),
                into: target.number, diffID: diffID, limits: limits)
        }
        if let words = try inflater.refusal() { throw LayerRefusal(words) }
        return try result.get()
    }

    func unpack(limits: UnpackLimits = UnpackLimits(), place: RoomPlace? = nil, _ build: (inout TarBuilder) -> Void) throws {
        var tar = TarBuilder()
        build(&tar)
        try unpack(tar.finished, limits: limits, place: place)
    }

    /// The sentence with which a tar is refused; nil where it is not.
    func refusal(limits: UnpackLimits = UnpackLimits(), _ build: (inout TarBuilder) -> Void) throws -> String? {
        do {
            try unpack(limits: limits, build)
            return nil
        } catch let error as LayerRefusal { return error.reason }
    }

    func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: layer + "/" + path).map { String(decoding: $0, as: UTF8.self) }
    }

    /// `stat` of what has this path, a link not followed; nil where there is nothing.
    func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(layer + "/" + path, &status) == 0 ? status : nil
    }

    func isWhiteout(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFCHR && $0.st_rdev == 0 } ?? false }
    func isFolder(_ path: String) -> Bool { status(path).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false }

    func attribute(_ path: String, _ name: String) throws -> [UInt8]? {
        let file = try openAt(currentDirectory, layer + "/" + path, flags: O_RDONLY | O_NOFOLLOW)
        return extendedAttribute(file.number, name)
    }

    func isOpaque(_ path: String) throws -> Bool { try attribute(path, "user.overlay.opaque") == [UInt8(ascii: "y")] }

    /// Whether all outside of the layer is as it was.
    func outsideIsUntouched() throws -> Bool {
        let names = try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/outer").sorted()
        return names == ["layer", "outside"]
            && FileManager.default.contents(atPath: scratch.path + "/outer/outside") == Data("outside\n".utf8)
    }
}

extension UnpackLimits {
    /// The defaults, but for one.
    init(_ limit: UnpackLimit, _ value: UInt64) {
        self.init()
        do { try set(limit, to: value) } catch { fatalError("\(error)") }
    }
}
