"""Faces are found, measured, chosen and refused; made of one public-domain portrait and one man in profile."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Callable, List, Tuple, Type

import cv2
import numpy as np
import pytest
from PIL import Image
from skimage import data

from appliance.errors import (
    FaceChoiceInvalid,
    FaceCutOff,
    FaceNotFound,
    FaceProfile,
    FaceTooSmall,
    ModelCorrupt,
    ModelMissing,
    PhotoError,
)
from appliance.models import ModelStore
from appliance.pipeline.face import (
    Crop,
    FaceFinder,
    Portrait,
    check_portrait,
    choose_face,
    crop_for,
    network_image,
)
from appliance.pipeline.photo import Photo, load_photo

EYES = np.array([[407, 202], [493, 206]])
MOUTH_CORNERS = np.array([[404, 278], [489, 281]])
CHIN = np.array([442, 357])
"""Read off `portrait()` by eye, to some 4 pixels."""

FACE = (360, 120, 545, 360)
"""Hairline to chin, ear to ear, in `portrait()`: x0, y0, x1, y1."""

IRISES, LIP_CORNERS, CHIN_POINT = [468, 473], [61, 291], 152


@lru_cache(maxsize=1)
def portrait() -> np.ndarray:
    """A woman looking at the camera, 1024 x 1024; her face is 183 pixels wide."""
    return cv2.resize(data.astronaut(), (1024, 1024), interpolation=cv2.INTER_CUBIC)


def head() -> np.ndarray:
    """Her head and shoulders alone, 420 x 420."""
    return portrait()[20:440, 240:660]


def profile() -> np.ndarray:
    """A man seen from the side, enlarged so that only the angle is wrong with him."""
    return cv2.cvtColor(cv2.resize(data.camera(), (1024, 1024)), cv2.COLOR_GRAY2RGB)


def on_grey(size: Tuple[int, int], *pasted: Tuple[int, int, int]) -> np.ndarray:
    """Grey picture of ``size`` (width, height) with heads pasted in, each (x, y, side)."""
    canvas = np.full((size[1], size[0], 3), 128, np.uint8)
    for x, y, side in pasted:
        how = cv2.INTER_AREA if side < 420 else cv2.INTER_CUBIC
        canvas[y : y + side, x : x + side] = cv2.resize(head(), (side, side), interpolation=how)
    return canvas


def rotated(pixels: np.ndarray, clockwise: float) -> np.ndarray:
    """Turned about the middle of the face."""
    turn = cv2.getRotationMatrix2D((450.0, 250.0), -clockwise, 1.0)
    return cv2.warpAffine(pixels, turn, pixels.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


@pytest.fixture(scope="module")
def finder(store: ModelStore) -> FaceFinder:
    return FaceFinder(store)


@pytest.fixture(scope="module")
def found(finder: FaceFinder) -> Portrait:
    (face,) = finder.find(Photo(portrait()))
    return face


def distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.linalg.norm(first - second, axis=-1).max())


# --- finding ----------------------------------------------------------------------------------------------------------


def test_mesh_lies_on_the_face(found: Portrait) -> None:
    assert found.mesh.shape == (478, 3) and found.mesh.dtype == np.float32
    assert distance(found.mesh[IRISES, :2], EYES) < 4
    assert distance(found.mesh[LIP_CORNERS, :2], MOUTH_CORNERS) < 6
    assert distance(found.mesh[CHIN_POINT, :2], CHIN) < 8
    assert found.mesh[1, 2] < found.mesh[[234, 454], 2].min(), "the nose is nearer than the ears"
    assert found.presence > 0.9
    check_portrait(found, Photo(portrait()))


@pytest.mark.parametrize("orientation, turn", [(3, 3), (6, 2), (8, 4)])
def test_rotated_by_exif_is_the_same_face(
    orientation: int, turn: int, found: Portrait, finder: FaceFinder, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(portrait()).transpose(Image.Transpose(turn))
    stored.save(tmp_path / "held.png", exif=exif.tobytes(), compress_level=1)
    (face,) = finder.find(load_photo(tmp_path / "held.png"))
    assert distance(face.mesh, found.mesh) < 0.01


@pytest.mark.parametrize(
    "size, pasted",
    [
        ((3000, 2000), (2300, 1200, 300)),
        ((4096, 2730), (200, 1900, 460)),
        ((1200, 4000), (500, 3500, 420)),
        ((420, 420), (0, 0, 420)),
        ((2000, 2000), (300, 100, 1680)),
    ],
    ids=["small in a large photo", "5 % of the width", "tall", "close", "filling"],
)
def test_face_of_any_share_of_the_photo_is_found(
    size: Tuple[int, int], pasted: Tuple[int, int, int], found: Portrait, finder: FaceFinder
) -> None:
    photo = Photo(on_grey(size, pasted))
    (face,) = finder.find(photo)
    x, y, side = pasted
    expected = (found.mesh[IRISES, :2] - (240, 20)) * (side / 420) + (x, y)
    assert distance(face.mesh[IRISES, :2], expected) < 0.02 * side
    check_portrait(face, photo)


def test_grey_and_dark_faces_are_found(finder: FaceFinder) -> None:
    grey = cv2.cvtColor(cv2.cvtColor(portrait(), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    for pixels in (grey, (portrait() * 0.35).astype(np.uint8)):
        (face,) = finder.find(Photo(pixels))
        assert distance(face.mesh[IRISES, :2], EYES) < 5


@pytest.mark.parametrize("picture", ["coffee", "chelsea", "rocket", "brick", "moon", "text", "retina"])
def test_what_is_no_face_is_not_taken_for_one(picture: str, finder: FaceFinder) -> None:
    pixels = getattr(data, picture)()
    assert finder.find(Photo(pixels if pixels.ndim == 3 else np.dstack([pixels] * 3))) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 400), (4096, 2), (127, 129)])
def test_odd_shapes_are_searched_without_fault(size: Tuple[int, int], finder: FaceFinder) -> None:
    assert finder.find(Photo(on_grey(size))) == []


# --- how the head is turned -------------------------------------------------------------------------------------------


def turned(face: Portrait, yaw: float) -> np.ndarray:
    """The portrait with its head turned by ``yaw`` degrees more, as a solid painted triangle by triangle: the mesh, and
    around it a ring of hair and neck at the depth of the ears."""
    picture, pixels = portrait(), cv2.GaussianBlur(portrait(), (0, 0), 25)
    solid = face.mesh[:468].astype(np.float64)
    middle = solid[[234, 454]].mean(axis=0)
    hull = cv2.convexHull(np.ascontiguousarray(face.mesh[:468, :2]), returnPoints=False)[:, 0]
    ring = middle + (solid[hull] - middle) * (1.45, 1.45, 0)
    solid = np.concatenate([solid, ring])
    flat = solid[:, :2].astype(np.float32)
    angle = np.radians(yaw)
    # Positive = towards the right of the picture: the nose, at negative z, moves to larger x.
    turn = np.array([[np.cos(angle), 0, -np.sin(angle)], [0, 1, 0], [np.sin(angle), 0, np.cos(angle)]])
    solid = (solid - middle) @ turn.T + middle
    for corners in sorted(triangles(flat), key=lambda corners: -solid[corners, 2].mean()):
        target = solid[corners, :2].astype(np.float32)
        affine = cv2.getAffineTransform(flat[corners], target)
        low, high = np.floor(target.min(axis=0)).astype(int), np.ceil(target.max(axis=0)).astype(int) + 1
        affine[:, 2] -= low
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        piece = cv2.warpAffine(picture, affine, size)
        inside = np.zeros(size[::-1], np.uint8)
        cv2.fillConvexPoly(inside, np.round(target - low).astype(np.int32), 1)
        pixels[low[1] : high[1], low[0] : high[0]][inside > 0] = piece[inside > 0]
    return pixels


def triangles(points: np.ndarray) -> List[List[int]]:
    """Delaunay triangles of (n, 2) points, as indices."""
    division = cv2.Subdiv2D((0, 0, 1024, 1024))
    division.insert([tuple(point) for point in points.tolist()])
    corners = division.getTriangleList().reshape(-1, 3, 2)
    corners = corners[((corners >= 0) & (corners < 1024)).all(axis=(1, 2))]
    return [[int(np.argmin(np.sum((points - corner) ** 2, axis=1))) for corner in three] for three in corners]


@pytest.mark.parametrize("yaw", [-30, -15, 0, 15, 30])
def test_yaw_is_measured_with_its_sign(yaw: float, found: Portrait, finder: FaceFinder) -> None:
    (face,) = finder.find(Photo(turned(found, yaw)))
    assert face.yaw == pytest.approx(yaw, abs=6)


@pytest.mark.parametrize("roll", [-40, -15, 10, 30])
def test_roll_is_measured_with_its_sign(roll: float, found: Portrait, finder: FaceFinder) -> None:
    (face,) = finder.find(Photo(rotated(portrait(), roll)))
    assert face.roll == pytest.approx(found.roll + roll, abs=2)
    assert face.yaw == pytest.approx(found.yaw, abs=5)
    assert face.pitch == pytest.approx(found.pitch, abs=5)


# --- several faces ----------------------------------------------------------------------------------------------------

THREE = ((2000, 900), (100, 300, 360), (700, 100, 700), (1550, 400, 300))


def test_every_face_is_found_once_from_left_to_right(finder: FaceFinder) -> None:
    faces = finder.find(Photo(on_grey(*THREE)))
    middles = [(face.box[0] + face.box[2]) / 2 for face in faces]
    assert middles == pytest.approx([100 + 180, 700 + 350, 1550 + 150], abs=40)


def test_largest_face_is_chosen_unless_a_number_says_otherwise(finder: FaceFinder) -> None:
    faces = finder.find(Photo(on_grey(*THREE)))
    default = choose_face(faces)
    assert (default.number, default.count) == (2, 3)
    third = choose_face(faces, 3)
    assert third.number == 3 and third.portrait.box[0] > default.portrait.box[2]


@pytest.mark.parametrize("number", [0, -1, 4])
def test_number_without_a_face_is_refused(number: int, finder: FaceFinder) -> None:
    with pytest.raises(FaceChoiceInvalid):
        choose_face(finder.find(Photo(on_grey(*THREE))), number)


def test_faces_too_small_to_use_do_not_count_beside_a_usable_one(finder: FaceFinder) -> None:
    faces = finder.find(Photo(on_grey((900, 500), (20, 40, 400), (700, 100, 120))))
    assert len(faces) == 1 and faces[0].box[2] < 450


# --- refusals ---------------------------------------------------------------------------------------------------------


def without(x0: int, y0: int, x1: int, y1: int) -> Callable[[], np.ndarray]:
    return lambda: np.ascontiguousarray(portrait()[y0:y1, x0:x1])


REFUSED = [
    ("empty room", lambda: on_grey((800, 600)), FaceNotFound),
    ("blurred away", lambda: cv2.GaussianBlur(portrait(), (0, 0), 40), FaceNotFound),
    ("back of nothing", lambda: np.zeros((600, 600, 3), np.uint8), FaceNotFound),
    ("noise", lambda: np.random.RandomState(1).randint(0, 255, (400, 400, 3)).astype(np.uint8), FaceNotFound),
    ("far away", lambda: on_grey((600, 400), (200, 100, 150)), FaceTooSmall),
    ("tiny picture", lambda: cv2.resize(head(), (130, 130), interpolation=cv2.INTER_AREA), FaceTooSmall),
    ("from the side", profile, FaceProfile),
    ("from the other side", lambda: np.ascontiguousarray(profile()[:, ::-1]), FaceProfile),
    ("chin cut off", without(200, 0, 700, 310), FaceCutOff),
    ("partly cut off on the left", without(405, 0, 900, 600), FaceCutOff),
    ("partly cut off on the right", without(100, 0, 500, 600), FaceCutOff),
    ("forehead cut off", without(200, 190, 700, 700), FaceCutOff),
]


@pytest.mark.parametrize("name, make, error", REFUSED, ids=[row[0] for row in REFUSED])
def test_unusable_face_is_refused_by_name(
    name: str, make: Callable[[], np.ndarray], error: Type[PhotoError], finder: FaceFinder
) -> None:
    photo = Photo(make())
    with pytest.raises(PhotoError) as refused:
        check_portrait(choose_face(finder.find(photo)).portrait, photo)
    assert type(refused.value) is error


def test_strong_turn_is_refused_and_a_slight_one_is_not(found: Portrait, finder: FaceFinder) -> None:
    for yaw, refused in [(-25, False), (25, False), (-50, True), (50, True)]:
        photo = Photo(turned(found, yaw))
        (face,) = finder.find(photo)
        if refused:
            with pytest.raises(FaceProfile):
                check_portrait(face, photo)
        else:
            check_portrait(face, photo)


def test_face_that_touches_the_border_but_is_whole_is_accepted(finder: FaceFinder) -> None:
    x0, y0, x1, y1 = FACE
    photo = Photo(np.ascontiguousarray(portrait()[y0:, x0 - 5 : x1 + 5]))
    check_portrait(choose_face(finder.find(photo)).portrait, photo)


def test_missing_and_damaged_models_are_named(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        FaceFinder(ModelStore(folder=tmp_path))
    for name in ("face_detector.tflite", "face_landmarks_detector.tflite"):
        (tmp_path / name).write_bytes(store.path(name).read_bytes()[:-1000])
    with pytest.raises(ModelCorrupt):
        FaceFinder(ModelStore(folder=tmp_path))


# --- tracking ---------------------------------------------------------------------------------------------------------


def test_tracking_follows_a_moving_face(found: Portrait, finder: FaceFinder) -> None:
    face = found
    for step in range(1, 6):
        moved = np.roll(portrait(), (4 * step, 9 * step), axis=(0, 1))
        tracked = finder.track(Photo(moved), face)
        assert tracked is not None
        face = tracked
    assert distance(face.mesh[:, :2], found.mesh[:, :2] + (45, 20)) < 3


def test_tracking_tells_when_the_face_is_gone(found: Portrait, finder: FaceFinder) -> None:
    assert finder.track(Photo(on_grey((1024, 1024))), found) is None


# --- the crop ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("roll", [-25, 0, 25])
@pytest.mark.parametrize("expand_ratio", [0.15, 0.2])
def test_crop_is_a_level_head_shot(roll: float, expand_ratio: float, finder: FaceFinder) -> None:
    photo = Photo(rotated(portrait(), roll))
    (face,) = finder.find(photo)
    matrix = crop_for(face, expand_ratio).matrix(100)
    mesh = face.mesh[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    left, right = mesh[IRISES]
    assert abs(right[1] - left[1]) < 1, "the eyes are level"
    assert mesh[:, 0].min() + mesh[:, 0].max() == pytest.approx(99, abs=4), "the face is in the middle"
    assert 20 < mesh[:, 1].min() < 45, "room for hair"
    assert 65 < mesh[:, 1].max() < 88, "room for the chin"


def test_margin_grows_with_the_ratio(found: Portrait) -> None:
    narrow, wide = crop_for(found, 0.15), crop_for(found, 0.2)
    assert wide.side / narrow.side == pytest.approx(1.4 / 1.3)


@pytest.mark.parametrize("side, roll", [(150.0, 0.0), (90.0, 33.0), (1400.0, -20.0), (2000.0, 10.0)])
def test_matrix_says_where_a_photo_point_lies_in_the_sampled_crop(side: float, roll: float) -> None:
    photo = np.zeros((3000, 2500, 3), np.uint8)
    point = np.array([1290.0, 1680.0])
    radius = max(2, int(side / 30))
    cv2.circle(photo, (1290, 1680), radius, (255, 255, 255), -1)
    crop = Crop(1280.0, 1690.0, side, roll)
    square = crop.sample(photo, 128)[:, :, 0].astype(float)
    rows, columns = np.mgrid[:128, :128]
    centroid = np.array([(square * columns).sum(), (square * rows).sum()]) / square.sum()
    matrix = crop.matrix(128)
    assert distance(centroid, matrix[:, :2] @ point + matrix[:, 2]) < 0.1


def test_sampling_a_large_photo_does_not_alias() -> None:
    stripes = np.zeros((2000, 2000, 3), np.uint8)
    stripes[:, ::2] = 255
    square = Crop(999.5, 999.5, 1500.0, 7.0).sample(stripes, 128)
    assert square.std() < 12 and abs(square.mean() - 127) < 4


def test_crop_gives_up_margin_where_the_photo_ends(finder: FaceFinder) -> None:
    photo = Photo(np.ascontiguousarray(portrait()[70:]))
    (face,) = finder.find(photo)
    free, kept = crop_for(face, 0.15), crop_for(face, 0.15, photo)
    beyond = kept.side / 2 - kept.centre_y
    assert beyond < free.side / 2 - free.centre_y
    assert kept.side == free.side and kept.centre_x == free.centre_x
    lower_edge = kept.centre_y + kept.side / 2
    assert lower_edge > face.box[3] and kept.centre_y - kept.side / 2 < face.box[1]


def test_network_image_is_the_crop_in_minus_one_to_one(found: Portrait) -> None:
    photo = Photo(portrait())
    crop = crop_for(found, 0.15)
    image = network_image(photo, crop)
    assert image.shape == (1, 3, 224, 224) and image.dtype == np.float32
    assert -1 <= image.min() < -0.8 and 0.8 < image.max() <= 1
    matrix = crop.matrix(224)
    x, y = np.round(matrix[:, :2] @ [450, 235] + matrix[:, 2]).astype(int)
    assert image[0, :, y, x] == pytest.approx(photo.pixels[235, 450] / 127.5 - 1, abs=0.08)
