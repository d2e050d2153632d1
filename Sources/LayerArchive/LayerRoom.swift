// SPDX-License-Identifier: Apache-2.0
import Glibc
public import LinuxSystem

/// The room that a layer has: what the quota of images leaves to all layers under way, and what is free on the disk. Looked at before what would take it
/// is made.
public final class LayerRoom {
    /// Bytes that are written between two looks at the disk.
    private static let stride = 1 << 20
    /// What a name counts at least between two looks: 32 of them are a stride, whatever they bring.
    private static let name = stride / 32
    /// Files that must be left to make at each look, so that 1000 stay whatever the nineteen that unpack at once make before their next: as for bytes,
    /// functions and the database must go on.
    private static let files: UInt64 = 2000

    private let place: RoomPlace?
    private let folder: CInt
    private var unseen = LayerRoom.stride

    /// - Parameters:
    ///   - place: nil bounds nothing, for who unpacks by hand.
    ///   - folder: on the disk that is looked at; only borrowed.
    public init(_ place: RoomPlace?, folder: CInt) {
        self.place = place
        self.folder = folder
    }

    /// Refuses a file that does not fit, before it is made. Nothing is taken for what is only promised: the bytes may never come.
    func check(_ size: UInt64, _ entry: EntryPath) throws(LayerRefusal) {
        guard let place else { return }
        let (fits, together) = place.page.look(size, in: place.number)
        if !fits { throw refusal(entry, "its \(size)", together, place) }
    }

    /// Counts what a file is about to get, by the size that it shows, as the quota does.
    func take(_ bytes: UInt64, _ entry: EntryPath) throws(LayerRefusal) {
        guard let place else { return }
        let (fits, together) = place.page.take(bytes, in: place.number)
        if !fits { throw refusal(entry, "\(bytes) more", together, place) }
    }

    private func refusal(_ entry: EntryPath, _ what: String, _ together: UInt64, _ place: RoomPlace) -> LayerRefusal {
        LayerRefusal(
            room: """
                entry \(quoted(entry.bytes)): with \(what) bytes the layers that are being unpacked take \(together), and the host's \
                --image-quota leaves \(place.page.room)
                """)
    }

    /// Called before so many bytes are written, of content or attributes, or a name is made.
    func use(_ bytes: Int, _ entry: EntryPath) throws(LayerRefusal) {
        guard let place else { return }
        unseen += max(bytes, Self.name)
        if unseen < Self.stride { return }
        unseen = 0
        var status = statvfs()
        guard fstatvfs(folder, &status) == 0 else { throw LayerRefusal("the disk cannot be examined: \(failureText())") }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let reserve = place.page.reserve
        guard free >= reserve &+ UInt64(bytes) else {
            throw LayerRefusal(
                room: """
                    entry \(quoted(entry.bytes)): \(free) bytes are free on the disk of the state directory, \(bytes) more would come, and \
                    \(reserve) must stay free
                    """)
        }
        // Some file systems have no such number.
        guard status.f_files == 0 || status.f_ffree >= Self.files else {
            throw LayerRefusal(
                room:
                    "entry \(quoted(entry.bytes)): the disk of the state directory has room for \(status.f_ffree) more files, and \(Self.files) must stay"
            )
        }
    }
}
