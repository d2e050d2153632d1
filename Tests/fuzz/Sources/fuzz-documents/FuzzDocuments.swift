// SPDX-License-Identifier: Apache-2.0
import Foundation
import OCI

/// The first byte says as which document the rest is read. A document that is accepted must say the same when it is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    guard count > 1 else { return 0 }
    let data = Data(bytes: start + 1, count: count - 1)
    switch start[0] % 5 {
    case 0: documents(data)
    case 1: roundTrip(ImageConfiguration.self, data)
    case 2: roundTrip([DockerArchiveImage].self, data)
    case 3: roundTrip(DockerLegacyLayer.self, data)
    default: roundTrip(DockerRepositories.self, data)
    }
    return 0
}

private func documents(_ data: Data) {
    guard let document = try? JSONDecoder().decode(ManifestDocument.self, from: data) else { return }
    switch document {
    case .manifest(let manifest):
        check(manifest)
        for layer in manifest.layers { _ = MediaType.isLayer(layer.mediaType) }
    case .index(let index):
        check(index)
        for descriptor in index.manifests { _ = document.agrees(with: descriptor.mediaType) }
    }
}

private func roundTrip<Document: Codable & Equatable>(_: Document.Type, _ data: Data) {
    guard let document = try? JSONDecoder().decode(Document.self, from: data) else { return }
    check(document)
}

private func check<Document: Codable & Equatable>(_ document: Document) {
    do {
        let again = try JSONDecoder().decode(Document.self, from: try JSONEncoder().encode(document))
        guard again == document else { fatalError("it says something else when it is read again") }
    } catch { fatalError("what was accepted cannot be written and read again: \(error)") }
}
