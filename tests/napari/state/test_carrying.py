"""Carrying over: masks follow what moves, stop in doubt, keep their tracks, and leave alone what was made by hand."""

import numpy as np

from semsam_annotate.annotations import image_sha256
from semsam_annotate.napari.state.picture import Picture

PART, SQUARE = (70.0, 60.0), (45.0, 35.0)


def test_masks_follow_to_the_last_frame_with_tracks_and_parts(session, carrying, ledger, frames, car):
    carrying.start()
    assert session.picture is frames[4]
    assert not carrying.running
    assert "4 frames" in session.lines[-1]
    tracks = [mask.track for mask in ledger.masks(frames[0])]
    assert len(set(tracks)) == 2
    for plane, picture in enumerate(frames):
        whole, wheel = sorted(ledger.masks(picture), key=lambda mask: -mask.area)
        assert (whole.mask == np.roll(car[0].mask, 4 * plane, axis=1)).all()
        assert (wheel.mask == np.roll(car[1].mask, 4 * plane, axis=1)).all()
        assert {whole.track, wheel.track} == set(tracks)
        assert wheel.part_of == whole.id
        assert (wheel.object, wheel.part, whole.object) == ("car", "wheel", "car")
        assert [one.by_hand for one in (whole, wheel)] == [plane == 0] * 2
        record = ledger.record(wheel.id)
        assert (record.plane, record.author) == ((plane,), ledger.record(car[0].id).author)


def test_a_second_time_nothing_doubles_and_what_was_carried_is_replaced(session, carrying, ledger, frames, car):
    carrying.start()
    session.open(frames[0])
    carrying.start()
    for picture in frames:
        assert len(ledger.masks(picture)) == 2
        whole, wheel = sorted(ledger.masks(picture), key=lambda mask: -mask.area)
        assert wheel.part_of == whole.id
    assert ledger.record(ledger.masks(frames[2])[0].id).proposed_mask is None


def test_a_frame_corrected_by_hand_stays_and_goes_on_from_there(session, editing, carrying, ledger, frames, car):
    carrying.start()
    session.open(frames[2])
    whole = max(session.accepted, key=lambda mask: mask.area)
    smaller = whole.mask.copy()
    smaller[:40] = False
    editing.redraw(whole.id, smaller, 1)
    session.open(frames[0])
    carrying.start()
    kept = max(ledger.masks(frames[2]), key=lambda mask: mask.area)
    assert (kept.mask == smaller).all()
    assert kept.by_hand
    assert len(ledger.masks(frames[4])) == 2


def test_it_stops_in_doubt_and_the_doubtful_mask_keeps_its_track(session, carrying, ledger, frames, scene, car):
    gone = frames[2].rgb.copy()
    gone[:] = 10
    gone[0:3, 0:3] = 200
    frames[2] = Picture(gone, gone, image_sha256(gone), image_sha256(gone), "film", None, (2,))
    carrying.start()
    assert session.picture is frames[2]
    assert not carrying.running
    assert "doubt" in session.lines[-1]
    assert ledger.masks(frames[2]) == []
    assert session.candidate.queued
    tracks = {mask.track for mask in ledger.masks(frames[1])}
    assert session.candidate.track in tracks
    first = session.accept()
    assert (first.track, first.object) == (next(iter(tracks & {first.track})), "car")
    assert session.candidate.track in tracks - {first.track}
    second = session.accept()
    assert {first.track, second.track} == tracks
    assert first.by_hand
    assert session.candidate.ladder is None


def test_only_selected_masks_one_frame_and_backwards(session, editing, carrying, ledger, frames, car):
    editing.select([car[1].id])
    carrying.start(frames=1)
    assert session.picture is frames[1]
    assert [mask.part for mask in ledger.masks(frames[1])] == ["wheel"]
    assert ledger.masks(frames[1])[0].part_of is None
    carrying.start(-1)
    assert session.picture is frames[0]
    assert len(ledger.masks(frames[0])) == 2


def test_every_frame_is_a_step_that_can_be_taken_back(session, carrying, ledger, frames, car):
    carrying.start(frames=1)
    session.undo()
    assert ledger.masks(frames[1]) == []
    session.redo()
    assert len(ledger.masks(frames[1])) == 2
    session.open(frames[0])
    session.undo()
    assert [mask.track for mask in ledger.masks(frames[0])] == [None, None]


def test_there_must_be_something_to_carry(session, carrying):
    carrying.start()
    assert not carrying.running
    assert "accept a mask" in session.lines[-1]


def test_pointing_turning_and_stopping_end_it(session, carrying, frames, car):
    carrying.asked.disconnect()
    for end in (lambda: session.click(PART), lambda: session.open(frames[3]), carrying.stop, carrying.fail):
        session.open(frames[0])
        carrying.start()
        assert carrying.running
        end()
        assert not carrying.running
    carrying.answer([])
